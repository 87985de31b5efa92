"""Holds the Lua script of the shared write budget: the arithmetic of `bot.pacing.budget`, where it is explained.

A test keeps the two in step. The clock is the server's.
"""

from __future__ import annotations

from bot.pacing.budget import APART, DOUBT, HOLD, LEEWAY, LOWEST, PLAUSIBLE, RAISE, SHORT, STEP, WINDOW
from bot.slack.tiers import SLOWEST

FADE = 15.0
"""Seconds for which a replica's report of its answers counts: it may have been killed since."""

GRACE = 2.0
"""Seconds for which a waiting ending keeps its place after the time at which it should have asked again."""

TIE = 0.1
"""Endings that became due within so many seconds of each other go in the order in which they ask: the time to Redis
varies, so each of two replicas could take the other's for the earlier one."""

# A bucket is a hash (full_at, blocked_until, seen_at; seconds of the server's clock) and a sorted set of the calls of
# the last minute; what refusals have taught of it is a hash (most, raise_at, refused_at; proven, counted and bound as 0
# or 1) that buckets of a family share. Where an earlier version has left `most` and `raise_at` alone, it was proven.
#
# A report from the future was made before the clock was set back: it no longer counts.
#
# KEYS: the answers under way (a hash: of each replica the time, then its counts); the endings that wait for the first
# bucket (a hash: of each replica since when one is due, until when that holds, when that was told); then hash, set and
# lesson of each bucket. ARGV: what to do ("take", "limited", or "tell" without buckets), the reserve or the Retry-After
# in seconds, an id of this call, for how long it is due if it is urgent (else -1), the name of the replica (empty:
# tells nothing), its counts, four; then rate, burst and distance of each bucket.
#
# Returns for "take" the wait in ms (0: taken) and the part of it that is the first bucket's, that bucket's level in
# thousandths, its rate in millionths a second and its burst; and always the sums of the counts, the last one in
# thousandths. Sent twice with one id, it takes once.
_NAMES = "WINDOW, DOUBT, HOLD, STEP, RAISE, LEEWAY, LOWEST, PLAUSIBLE, SLOWEST, SHORT, APART, FADE, GRACE, TIE"
_VALUES = ", ".join(
    str(value)
    for value in (
        *(WINDOW, DOUBT, HOLD, STEP, RAISE, LEEWAY, LOWEST, PLAUSIBLE, SLOWEST, SHORT, APART),
        *(FADE, GRACE, TIE),
    )
)

_COUNTS = """
local COUNTS = 4
local function counted()
  local sums = {0, 0, 0, 0}
  if replica ~= '' then
    local own = {string.format('%.6f', now)}
    for i = 1, COUNTS do own[i + 1] = ARGV[5 + i] end
    redis.call('HSET', KEYS[1], replica, table.concat(own, ' '))
    redis.call('EXPIRE', KEYS[1], 3600)
  end
  local told = redis.call('HGETALL', KEYS[1])
  for i = 1, #told, 2 do
    local figures = {}
    for figure in string.gmatch(told[i + 1], '%S+') do table.insert(figures, tonumber(figure)) end
    if figures[1] > now - FADE and figures[1] <= now + EPSILON then
      for j = 1, COUNTS do sums[j] = sums[j] + figures[j + 1] end
    else
      redis.call('HDEL', KEYS[1], told[i])
    end
  end
  return sums
end

local function answer(wait, shared, level, rate, burst)
  local sums = counted()
  return {
    math.ceil(wait * 1000), math.ceil(shared * 1000), math.floor(level * 1000), math.floor(rate * 1000000), burst,
    sums[1], sums[2], sums[3], math.floor(sums[4] * 1000)
  }
end
"""

_ENDINGS = """
local function endings_before()
  local before = 0
  local waiting = redis.call('HGETALL', KEYS[2])
  for i = 1, #waiting, 2 do
    local since, till, told = string.match(waiting[i + 1], '(%S+) (%S+) ?(%S*)')
    if tonumber(till) <= now or (tonumber(told) or 0) > now + EPSILON then
      redis.call('HDEL', KEYS[2], waiting[i])
    elseif waiting[i] ~= replica and (not urgent or tonumber(since) < now - due - TIE) then
      before = before + 1
    end
  end
  return before
end

local function keep_place(wait)
  if replica == '' then return end
  if wait > 0 then
    redis.call('HSET', KEYS[2], replica, string.format('%.3f %.3f %.6f', now - due, now + wait + GRACE, now))
    redis.call('EXPIRE', KEYS[2], 3600)
  else
    redis.call('HDEL', KEYS[2], replica)
  end
end
"""

_BUCKETS = """
local function scaled(rate, burst, factor)
  local smaller = math.floor(burst * factor)
  if smaller >= 1 then return rate * factor, smaller end
  return math.max(((burst + 60 * rate) * factor - 1) / 60, SLOWEST), 1
end

local function called_at(bucket, rank)
  local found = redis.call('ZRANGE', bucket.set, rank, rank, 'WITHSCORES')
  return found[2] and tonumber(found[2])
end

local function move_back(bucket, back)
  bucket.full_at, bucket.blocked_until = bucket.full_at - back, bucket.blocked_until - back
  local calls = redis.call('ZRANGE', bucket.set, 0, -1, 'WITHSCORES')
  for i = 1, #calls, 2 do
    redis.call('ZADD', bucket.set, string.format('%.6f', tonumber(calls[i + 1]) - back), calls[i])
  end
end

local function load_lesson(bucket)
  local kept = redis.call('HMGET', bucket.lesson, 'most', 'raise_at', 'refused_at', 'proven', 'counted', 'bound')
  bucket.most, bucket.raise_at = tonumber(kept[1] or ''), tonumber(kept[2] or '')
  bucket.refused_at = math.min(tonumber(kept[3] or '') or 0, now)
  bucket.proven, bucket.counted, bucket.bound = bucket.most and kept[4] ~= '0', kept[5] ~= '0', kept[6] ~= '0'
  if bucket.raise_at then bucket.raise_at = math.min(bucket.raise_at, now + HOLD) end
  while bucket.most and bucket.raise_at and now >= bucket.raise_at do
    bucket.most = math.max(bucket.most + 1, math.floor(bucket.most * RAISE))
    bucket.raise_at = bucket.raise_at + STEP
    if not bucket.proven or bucket.most >= bucket.per_minute then
      bucket.most, bucket.raise_at, bucket.proven = nil, nil, false
    end
  end
end

local function load(i)
  local bucket = {hash = KEYS[3 * i], set = KEYS[3 * i + 1], lesson = KEYS[3 * i + 2]}
  bucket.told_rate, bucket.told_burst = tonumber(ARGV[7 + 3 * i]), tonumber(ARGV[8 + 3 * i])
  bucket.apart = tonumber(ARGV[9 + 3 * i])
  bucket.per_minute = bucket.told_burst + 60 * bucket.told_rate
  local kept = redis.call('HMGET', bucket.hash, 'full_at', 'blocked_until', 'seen_at')
  bucket.full_at, bucket.blocked_until = tonumber(kept[1] or 0) or 0, tonumber(kept[2] or 0) or 0
  local seen_at = math.max(tonumber(kept[3] or 0) or 0, called_at(bucket, -1) or 0)
  if seen_at > now then move_back(bucket, seen_at - now) end
  load_lesson(bucket)
  redis.call('ZREMRANGEBYSCORE', bucket.set, '-inf', now - WINDOW)
  bucket.taken = redis.call('ZCARD', bucket.set)
  return bucket
end

local function hold(bucket)
  bucket.rate, bucket.burst = bucket.told_rate, bucket.told_burst
  if bucket.most and bucket.counted then
    bucket.rate, bucket.burst = scaled(bucket.told_rate, bucket.told_burst, bucket.most / bucket.per_minute)
  else
    bucket.full_at = math.min(bucket.full_at, math.max(now, bucket.blocked_until) + bucket.burst / bucket.rate)
  end
end

local function save_lesson(bucket)
  if not bucket.most and bucket.refused_at <= now - HOLD then
    redis.call('DEL', bucket.lesson)
    return
  end
  redis.call('HSET', bucket.lesson, 'refused_at', string.format('%.6f', bucket.refused_at),
    'proven', bucket.proven and 1 or 0, 'counted', bucket.counted and 1 or 0, 'bound', bucket.bound and 1 or 0)
  if bucket.most then
    redis.call('HSET', bucket.lesson, 'most', bucket.most, 'raise_at', string.format('%.6f', bucket.raise_at))
  else
    redis.call('HDEL', bucket.lesson, 'most', 'raise_at')
  end
end

local function save(bucket)
  redis.call('HSET', bucket.hash, 'full_at', string.format('%.6f', bucket.full_at),
    'blocked_until', string.format('%.6f', bucket.blocked_until), 'seen_at', string.format('%.6f', now))
  save_lesson(bucket)
  local kept_for = 3600 + math.ceil(math.max(0, bucket.blocked_until - now))
  for _, key in ipairs({bucket.hash, bucket.set, bucket.lesson}) do redis.call('EXPIRE', key, kept_for) end
end

local function allowed(bucket)
  if not bucket.most or bucket.counted then return bucket.rate, bucket.burst end
  return bucket.most / 60, 1
end

local function level(bucket)
  if now < bucket.blocked_until then return 0 end
  local there = bucket.burst - math.max(0, bucket.full_at - now) * bucket.rate
  if bucket.most and bucket.counted then
    there = math.min(there, bucket.most - bucket.taken)
  elseif bucket.most then
    there = math.min(there, (now - (called_at(bucket, -1) or 0)) * bucket.most / 60, 1)
  end
  return math.max(0, there)
end

local function ready_by_count(bucket, need, most)
  local too_many = math.ceil(bucket.taken + math.min(need, most) - most)
  local oldest = too_many > 0 and called_at(bucket, too_many - 1)
  return oldest and oldest + WINDOW or 0
end

local function ready_for_ending(bucket, last, reserve)
  local distance = math.min(60 / bucket.most, bucket.proven and not bucket.counted and SHORT or APART)
  if last + EPSILON < bucket.blocked_until then return bucket.blocked_until + reserve * distance end
  local limit = bucket.counted and bucket.bound and bucket.most or math.max(1, math.floor(bucket.per_minute))
  return math.max(last + (1 + reserve) * distance, ready_by_count(bucket, 1 + reserve, limit))
end

local function wait(bucket, reserve, urgent)
  local last = called_at(bucket, -1) or 0
  local ready = math.max(bucket.blocked_until, last + bucket.apart)
  if bucket.most and urgent then
    ready = math.max(ready, ready_for_ending(bucket, last, reserve))
  else
    local need = math.min(1 + reserve, bucket.burst)
    ready = math.max(ready, bucket.full_at - (bucket.burst - need) / bucket.rate)
    if bucket.most and bucket.counted then
      ready = math.max(ready, ready_by_count(bucket, math.min(need, bucket.most), bucket.most))
    end
    if bucket.most and (bucket.burst == 1 or not bucket.counted) then
      ready = math.max(ready, last + (bucket.counted and 1 / bucket.rate or 60 / bucket.most))
    end
  end
  if ready - now > EPSILON then return ready - now end
  return 0
end
"""

_LIMITED = """
local function give_back(bucket)
  if bucket.taken > 0 then
    redis.call('ZPOPMAX', bucket.set)
    bucket.taken = bucket.taken - 1
  end
end

local function strictest(bucket, till)
  local least, number = 0, 0
  local recent = redis.call('ZREVRANGEBYSCORE', bucket.set, '+inf', '(' .. string.format('%.6f', now - 2 * SHORT),
    'WITHSCORES')
  for i = 2, #recent, 2 do
    number = number + 1
    local allowed = 60 * number / (till - tonumber(recent[i]))
    if number == 1 or allowed < least then least = allowed end
  end
  return least
end

local function learn(bucket, retry_after, known)
  local oldest, last = called_at(bucket, 0), called_at(bucket, -1)
  local again = bucket.proven or (last and last > bucket.refused_at and bucket.refused_at > now - HOLD)
  local by_minute = oldest and math.abs(oldest + WINDOW - now - retry_after) <= LEEWAY
  local is_long = retry_after > SHORT
  local counted = by_minute or (again and is_long)
  local least = by_minute and 1 or bucket.per_minute * LOWEST
  if not is_long and not counted then
    local by_pace = strictest(bucket, now + retry_after)
    least = math.max(least, by_pace > 0 and by_pace or 60 / math.max(1, retry_after))
  end
  local allowed = math.floor(math.max(bucket.taken, least))
  if known and bucket.most then
    bucket.most = math.max(1, math.min(allowed, bucket.most))
  else
    if not bucket.most or again then
      local highest = bucket.most and bucket.most - 1 or math.floor(bucket.per_minute * 0.9)
      bucket.most, bucket.counted = math.max(1, math.min(allowed, highest)), counted
      bucket.bound = again or is_long or bucket.most >= bucket.per_minute * PLAUSIBLE
    end
    bucket.proven, bucket.refused_at = again, now
    bucket.raise_at = now + (again and HOLD or math.max(DOUBT, retry_after))
  end
  hold(bucket)
end

local function limited(buckets, retry_after)
  local first, last = buckets[1], buckets[#buckets]
  if redis.call('HGET', first.hash, 'limited_by') ~= id then
    local known = now < first.blocked_until
    for _, bucket in ipairs(buckets) do give_back(bucket) end
    local by_channel = #buckets > 1 and retry_after <= SHORT and strictest(last, now + retry_after) > 0
    learn(by_channel and last or first, retry_after, known)
    redis.call('HSET', first.hash, 'limited_by', id)
  end
  for _, bucket in ipairs(buckets) do
    bucket.blocked_until = math.max(bucket.blocked_until, now + retry_after)
    if not bucket.most or bucket.counted then
      bucket.full_at = math.max(bucket.full_at, now + retry_after + (bucket.burst - 1) / bucket.rate)
    end
    save(bucket)
  end
end
"""

_TAKE = """
local function take(buckets, reserve)
  local longest, shared = 0, 0
  if redis.call('ZSCORE', buckets[1].set, id) then return 0, 0 end
  reserve = reserve + endings_before()
  for i, bucket in ipairs(buckets) do
    longest = math.max(longest, wait(bucket, i == 1 and reserve or 0, urgent and i == 1))
    if i == 1 then shared = longest end
  end
  if longest <= 0 then
    for _, bucket in ipairs(buckets) do
      bucket.full_at = math.max(bucket.full_at, now) + 1 / bucket.rate
      redis.call('ZADD', bucket.set, now, id)
      bucket.taken = bucket.taken + 1
    end
  end
  if urgent then keep_place(shared) end
  for _, bucket in ipairs(buckets) do save(bucket) end
  return longest, shared
end
"""

SCRIPT = (
    f"local {_NAMES} = {_VALUES}"
    + """
local EPSILON = 1e-6
local verb, number, id, due, replica = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), ARGV[5]
local urgent = due >= 0
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
"""
    + _COUNTS
    + _ENDINGS
    + _BUCKETS
    + _LIMITED
    + _TAKE
    + """
if verb == 'tell' then return answer(0, 0, 0, 0, 0) end
local buckets = {}
for i = 1, (#KEYS - 2) / 3 do
  buckets[i] = load(i)
  hold(buckets[i])
end
local longest, shared = 0, 0
if verb == 'limited' then limited(buckets, number) else longest, shared = take(buckets, number) end
return answer(longest, shared, level(buckets[1]), allowed(buckets[1]))
"""
)
