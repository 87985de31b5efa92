"""Holds the Lua script of the shared write budget: the arithmetic of `bot.pacing.budget`, where it is explained.

A test keeps the two in step. The clock is the server's.
"""

from __future__ import annotations

from bot.pacing.budget import APART, HOLD, LOWEST, RAISE, SHORT, STEP, WINDOW
from bot.slack.tiers import SLOWEST

FADE = 15.0
"""Seconds for which a replica's report of its answers counts: it may have been killed since."""

GRACE = 2.0
"""Seconds for which a waiting ending keeps its place after the time at which it should have asked again."""

TIE = 0.1
"""Endings that became due within so many seconds of each other go in the order in which they ask: the time to Redis
varies, so each of two replicas could take the other's for the earlier one."""

# A bucket is a hash (full_at, blocked_until, seen_at; seconds of the server's clock) and a sorted set of the calls of
# the last minute; what refusals have taught of it is a hash (most, raise_at) that buckets of a family share.
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
_NAMES = "WINDOW, HOLD, STEP, RAISE, LOWEST, SLOWEST, SHORT, APART, FADE, GRACE, TIE"
_VALUES = ", ".join(
    str(value) for value in (WINDOW, HOLD, STEP, RAISE, LOWEST, SLOWEST, SHORT, APART, FADE, GRACE, TIE)
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

local function load(i)
  local bucket = {hash = KEYS[3 * i], set = KEYS[3 * i + 1], lesson = KEYS[3 * i + 2]}
  bucket.told_rate, bucket.told_burst = tonumber(ARGV[7 + 3 * i]), tonumber(ARGV[8 + 3 * i])
  bucket.apart = tonumber(ARGV[9 + 3 * i])
  bucket.per_minute = bucket.told_burst + 60 * bucket.told_rate
  local kept = redis.call('HMGET', bucket.hash, 'full_at', 'blocked_until', 'seen_at')
  bucket.full_at, bucket.blocked_until = tonumber(kept[1] or 0) or 0, tonumber(kept[2] or 0) or 0
  local seen_at = math.max(tonumber(kept[3] or 0) or 0, called_at(bucket, -1) or 0)
  if seen_at > now then move_back(bucket, seen_at - now) end
  local lesson = redis.call('HMGET', bucket.lesson, 'most', 'raise_at')
  bucket.most, bucket.raise_at = tonumber(lesson[1] or ''), tonumber(lesson[2] or '')
  if bucket.raise_at then bucket.raise_at = math.min(bucket.raise_at, now + HOLD) end
  while bucket.most and bucket.raise_at and now >= bucket.raise_at do
    bucket.most = math.max(bucket.most + 1, math.floor(bucket.most * RAISE))
    bucket.raise_at = bucket.raise_at + STEP
    if bucket.most >= bucket.per_minute then bucket.most, bucket.raise_at = nil, nil end
  end
  redis.call('ZREMRANGEBYSCORE', bucket.set, '-inf', now - WINDOW)
  bucket.taken = redis.call('ZCARD', bucket.set)
  return bucket
end

local function hold(bucket)
  bucket.rate, bucket.burst = bucket.told_rate, bucket.told_burst
  if bucket.most then
    bucket.rate, bucket.burst = scaled(bucket.told_rate, bucket.told_burst, bucket.most / bucket.per_minute)
  end
end

local function save(bucket)
  redis.call('HSET', bucket.hash, 'full_at', string.format('%.6f', bucket.full_at),
    'blocked_until', string.format('%.6f', bucket.blocked_until), 'seen_at', string.format('%.6f', now))
  if bucket.most then
    redis.call('HSET', bucket.lesson, 'most', bucket.most, 'raise_at', string.format('%.6f', bucket.raise_at))
  else
    redis.call('DEL', bucket.lesson)
  end
  for _, key in ipairs({bucket.hash, bucket.set, bucket.lesson}) do redis.call('EXPIRE', key, 3600) end
end

local function level(bucket)
  if now < bucket.blocked_until then return 0 end
  local there = bucket.burst - math.max(0, bucket.full_at - now) * bucket.rate
  if bucket.most then there = math.min(there, bucket.most - bucket.taken) end
  return math.max(0, there)
end

local function wait(bucket, reserve, urgent)
  local need, last = math.min(1 + reserve, bucket.burst), called_at(bucket, -1)
  local ready = bucket.blocked_until
  if last then ready = math.max(ready, last + bucket.apart) end
  if not bucket.most or not urgent then
    ready = math.max(ready, bucket.full_at - (bucket.burst - need) / bucket.rate)
  end
  if bucket.most then
    if last and urgent then
      ready = math.max(ready, last + math.min(APART, 60 / bucket.most))
    elseif last and bucket.burst == 1 then
      ready = math.max(ready, last + 1 / bucket.rate)
    end
    local too_many = math.ceil(bucket.taken + math.min(urgent and 1 + reserve or need, bucket.most) - bucket.most)
    local oldest = too_many > 0 and called_at(bucket, too_many - 1)
    if oldest then ready = math.max(ready, oldest + WINDOW) end
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

local function learn(bucket, by_seconds, known)
  local allowed, highest = math.max(bucket.taken, by_seconds), (bucket.most or 0) - 1
  allowed = math.max(allowed, by_seconds > 0 and by_seconds or bucket.per_minute * LOWEST)
  if not bucket.most or known then
    highest = bucket.most or bucket.per_minute * 0.9
  end
  bucket.most = math.max(1, math.floor(math.min(allowed, highest)))
  bucket.raise_at = now + HOLD
  hold(bucket)
end

local function limited(buckets, retry_after)
  local first, last = buckets[1], buckets[#buckets]
  if redis.call('HGET', first.hash, 'limited_by') ~= id then
    local known, by_seconds = now < first.blocked_until, 0
    for _, bucket in ipairs(buckets) do give_back(bucket) end
    if #buckets > 1 and retry_after <= SHORT then by_seconds = strictest(last, now + retry_after) end
    learn(by_seconds > 0 and last or first, by_seconds, known)
    redis.call('HSET', first.hash, 'limited_by', id)
  end
  for _, bucket in ipairs(buckets) do
    bucket.blocked_until = math.max(bucket.blocked_until, now + retry_after)
    bucket.full_at = math.max(bucket.full_at, now + retry_after + (bucket.burst - 1) / bucket.rate)
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
return answer(longest, shared, level(buckets[1]), buckets[1].rate, buckets[1].burst)
"""
)
