// Turns values into positions in a drawing, and chooses the round values that are worth a mark.

/** From a range of values to a range of places. */
export function linear([low, high], [from, to]) {
  const factor = high > low ? (to - from) / (high - low) : 0;
  return (value) => from + (value - low) * factor;
}

/** The other way round. */
export function inverse([low, high], [from, to]) {
  return linear([from, to], [low, high]);
}

/** Round values from 0 up to `most`: about `count` of them, in steps of 1, 2 or 5 times a power of ten. */
export function ticks(most, count) {
  if (!(most > 0)) return [0];
  const rough = most / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough * 0.999);
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, index) =>
    Number((index * step).toPrecision(12)),
  );
}

/**
 * A line of steps as the outline of an SVG path: it keeps its height until the next point. Points that fall into the
 * same tenth of a pixel are one.
 * @param {[number, number][]} points places, from left to right
 */
export function steps(points, until) {
  if (!points.length) return "";
  const parts = [`M${at(points[0][0])} ${at(points[0][1])}`];
  for (let index = 1; index < points.length; index++) {
    if (at(points[index][0]) === at(points[index + 1]?.[0] ?? NaN)) continue;
    parts.push(`H${at(points[index][0])}V${at(points[index][1])}`);
  }
  return `${parts.join("")}H${at(until)}`;
}

const at = (place) => Math.round(place * 10) / 10;
