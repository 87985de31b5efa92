"""Knows the Lua scripts: what must happen in one step, and may be sent twice without counting twice.

redis-py sends a command again when its reply was lost, so every script here is idempotent: it writes what it is given,
or it knows by an id that it has run before. All keys of a script are of one Redis Cluster slot (hash tags).
"""

from __future__ import annotations

# A line of waiting tickets. The turn is a key that expires by itself; the waiting tickets are a sorted set by score
# (equal scores: by ticket, which is how Redis orders them), beside a sorted set of the times their leases end. The
# clock is the server's, the only one all replicas share.
#
# KEYS: turn, waiting, leases. ARGV: ticket, score, lease in ms. Returns the number of tickets before this one.
STAND = """
local turn, waiting, leases = KEYS[1], KEYS[2], KEYS[3]
local ticket, score, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])

local holder = redis.call('GET', turn)
if holder == ticket then
  redis.call('PEXPIRE', turn, lease)
  return 0
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do
  redis.call('ZREM', waiting, dead)
  redis.call('ZREM', leases, dead)
end
redis.call('ZADD', waiting, score, ticket)
redis.call('ZADD', leases, now + lease, ticket)
for _, key in ipairs({waiting, leases}) do
  if redis.call('PTTL', key) < lease then redis.call('PEXPIRE', key, lease) end
end

local before = redis.call('ZRANK', waiting, ticket)
if holder then return before + 1 end
if before == 0 then
  redis.call('SET', turn, ticket, 'PX', lease)
  redis.call('ZREM', waiting, ticket)
  redis.call('ZREM', leases, ticket)
end
return before
"""

# KEYS: turn, waiting, leases. ARGV: ticket.
LEAVE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return 1
"""

# KEYS: conversation. ARGV: generation, chat_id, chatflow_id, now, lifetime in ms, answered (0 or 1). Returns 1 when it
# wrote.
REMEMBER = """
local key = KEYS[1]
if (redis.call('HGET', key, 'generation') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', key, 'generation', ARGV[1], 'chat_id', ARGV[2], 'chatflow_id', ARGV[3], 'used_at', ARGV[4])
redis.call('HSETNX', key, 'created_at', ARGV[4])
if ARGV[6] == '1' then redis.call('HSET', key, 'answered', 1) end
redis.call('PEXPIRE', key, ARGV[5])
return 1
"""

# KEYS: conversation. ARGV: an id of this call, now, lifetime in ms. Returns the generation.
START_OVER = """
local key = KEYS[1]
if redis.call('HGET', key, 'started_over_by') ~= ARGV[1] then
  redis.call('HINCRBY', key, 'generation', 1)
  redis.call('HSET', key, 'started_over_by', ARGV[1], 'chat_id', '', 'created_at', ARGV[2], 'used_at', ARGV[2])
end
redis.call('PEXPIRE', key, ARGV[3])
return tonumber(redis.call('HGET', key, 'generation'))
"""

# KEYS: conversation. ARGV: quiet (0 or 1), now, lifetime in ms.
SET_QUIET = """
redis.call('HSET', KEYS[1], 'quiet', ARGV[1], 'used_at', ARGV[2])
redis.call('HSETNX', KEYS[1], 'created_at', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""

# KEYS: leases, answers. ARGV: reference, the answer as JSON, lease in ms, lifetime in ms.
ANSWER_OPEN = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
"""

# Gives each out once. The one script that is not idempotent: when its reply is lost, a killed replica's answer stays
# without a closing word, which is better than with two.
#
# KEYS: leases, answers. Returns the answers as JSON.
ABANDONED = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = {}
for _, reference in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 20)) do
  local answer = redis.call('HGET', KEYS[2], reference)
  if answer then table.insert(found, answer) end
  redis.call('ZREM', KEYS[1], reference)
  redis.call('HDEL', KEYS[2], reference)
end
return found
"""

# KEYS: leases, answers. ARGV: reference.
ANSWER_CLOSED = """
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return 1
"""
