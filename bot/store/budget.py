"""Knows the write budget that all replicas share: the buckets of `bot.reply.budget` as one script, one trip a call.

The arithmetic is that of `bot.reply.budget`, which tells the why; a test holds the two together. The clock is the
server's.
"""

from __future__ import annotations

from bot.reply.budget import HOLD, LOWEST, RAISE, SHORT, STEP, WINDOW
from bot.slack.tiers import SLOWEST

# A bucket is a hash (full_at, blocked_until, most, raise_at; seconds of the server's clock) and a sorted set of the
# calls of the last minute. KEYS: hash and set of each bucket. ARGV: what to do ("take" or "limited"), the reserve or
# the Retry-After in seconds, an id of this call, 1 where it is urgent, then rate and burst of each bucket.
#
# Returns for "take" the wait in ms (0: taken), and the first bucket's level in thousandths, its rate in millionths a
# second and its burst. Sent twice with one id, it takes once.
_NAMES = "WINDOW, HOLD, STEP, RAISE, LOWEST, SLOWEST, SHORT"
_VALUES = ", ".join(str(value) for value in (WINDOW, HOLD, STEP, RAISE, LOWEST, SLOWEST, SHORT))

BUDGET = (
    f"local {_NAMES} = {_VALUES}"
    + """
local EPSILON = 1e-6
local verb, number, id, urgent = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4] == '1'
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000

local function scaled(rate, burst, factor)
  local smaller = math.floor(burst * factor)
  if smaller >= 1 then return rate * factor, smaller end
  return math.max(((burst + 60 * rate) * factor - 1) / 60, SLOWEST), 1
end

local function load(i)
  local bucket = {hash = KEYS[2 * i - 1], set = KEYS[2 * i]}
  bucket.told_rate, bucket.told_burst = tonumber(ARGV[3 + 2 * i]), tonumber(ARGV[4 + 2 * i])
  local kept = redis.call('HMGET', bucket.hash, 'full_at', 'blocked_until', 'most', 'raise_at')
  bucket.full_at, bucket.blocked_until = tonumber(kept[1] or 0) or 0, tonumber(kept[2] or 0) or 0
  bucket.most, bucket.raise_at = tonumber(kept[3] or '') , tonumber(kept[4] or '')
  bucket.per_minute = bucket.told_burst + 60 * bucket.told_rate
  redis.call('ZREMRANGEBYSCORE', bucket.set, '-inf', now - WINDOW)
  while bucket.most and bucket.raise_at and now >= bucket.raise_at do
    bucket.most = math.max(bucket.most + 1, math.floor(bucket.most * RAISE))
    bucket.raise_at = bucket.raise_at + STEP
    if bucket.most >= bucket.per_minute then bucket.most, bucket.raise_at = nil, nil end
  end
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
  redis.call('HSET', bucket.hash, 'full_at', string.format('%.6f', bucket.full_at))
  redis.call('HSET', bucket.hash, 'blocked_until', string.format('%.6f', bucket.blocked_until))
  if bucket.most then
    redis.call('HSET', bucket.hash, 'most', bucket.most, 'raise_at', string.format('%.6f', bucket.raise_at))
  else
    redis.call('HDEL', bucket.hash, 'most', 'raise_at')
  end
  redis.call('EXPIRE', bucket.hash, 3600)
  redis.call('EXPIRE', bucket.set, 3600)
end

local function level(bucket)
  if now < bucket.blocked_until then return 0 end
  local there = bucket.burst - math.max(0, bucket.full_at - now) * bucket.rate
  if bucket.most then there = math.min(there, bucket.most - bucket.taken) end
  return math.max(0, there)
end

local function wait(bucket, reserve)
  if urgent and bucket.most and bucket.taken < bucket.per_minute then
    return math.max(0, bucket.blocked_until - now)
  end
  local need = math.min(1 + reserve, bucket.burst)
  local ready = math.max(bucket.blocked_until, bucket.full_at - (bucket.burst - need) / bucket.rate)
  if bucket.most then
    local too_many = math.ceil(bucket.taken + math.min(need, bucket.most) - bucket.most)
    if too_many > 0 then
      local at = redis.call('ZRANGE', bucket.set, too_many - 1, too_many - 1, 'WITHSCORES')
      if at[2] then ready = math.max(ready, tonumber(at[2]) + WINDOW) end
    end
  end
  if ready - now > EPSILON then return ready - now end
  return 0
end

local buckets = {}
for i = 1, #KEYS / 2 do
  buckets[i] = load(i)
  hold(buckets[i])
end
local first = buckets[1]

if verb == 'limited' then
  local last, short = buckets[#buckets], false
  if #buckets > 1 and number <= SHORT and last.taken > 1 then
    local before = redis.call('ZRANGE', last.set, -2, -2, 'WITHSCORES')
    short = tonumber(before[2]) > now - 2 * SHORT
  end
  local met = short and last or first
  if redis.call('HGET', first.hash, 'limited_by') ~= id and (not met.most or now >= met.blocked_until) then
    if met.taken > 0 then
      redis.call('ZPOPMAX', met.set)
      met.taken = met.taken - 1
    end
    if not met.most then
      local least = short and 60 / (1 + number) or met.per_minute * LOWEST
      met.most = math.max(1, math.floor(math.min(math.max(met.taken, least), met.per_minute * 0.9)))
    else
      met.most = math.max(1, math.min(met.taken, met.most - 1))
    end
    met.raise_at = now + HOLD
    hold(met)
  end
  redis.call('HSET', first.hash, 'limited_by', id)
  for _, bucket in ipairs(buckets) do
    bucket.blocked_until = math.max(bucket.blocked_until, now + number)
    bucket.full_at = math.max(bucket.full_at, now + number + (bucket.burst - 1) / bucket.rate)
    save(bucket)
  end
  return {0, 0, 0, 0}
end

local longest = 0
if not redis.call('ZSCORE', first.set, id) then
  for i, bucket in ipairs(buckets) do
    longest = math.max(longest, wait(bucket, i == 1 and number or 0))
  end
  if longest <= 0 then
    for _, bucket in ipairs(buckets) do
      bucket.full_at = math.max(bucket.full_at, now) + 1 / bucket.rate
      redis.call('ZADD', bucket.set, now, id)
      bucket.taken = bucket.taken + 1
    end
  end
  for _, bucket in ipairs(buckets) do save(bucket) end
end
return {math.ceil(longest * 1000), math.floor(level(first) * 1000), math.floor(first.rate * 1000000), first.burst}
"""
)
