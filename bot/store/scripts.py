"""Holds the Lua scripts of conversations, each of which changes a conversation in one step.

redis-py sends a command again if its reply is lost, so every script is idempotent: it writes what it is given, or
recognises by an id that it has run before. All keys of a script are in one slot of a Redis Cluster (hash tags).
"""

from __future__ import annotations

COUNT = """
local function count(text)
  local digits = string.match(text or '', '^%d+$')
  return digits and #digits <= 15 and tonumber(digits) or 0
end
"""
"""Reads a count. Anything but a number of at most fifteen digits counts as 0: failing over it would never end."""

LATER = """
local function note_later(key, ts)
  local pattern = '^%d+%.%d+$'
  local known = redis.call('HGET', key, 'context_since') or ''
  if not string.match(ts, pattern) or #ts > 25 then return end
  local is_readable = string.match(known, pattern) and #known <= 25
  if not is_readable or #known < #ts or (#known == #ts and known < ts) then
    redis.call('HSET', key, 'context_since', ts)
  end
end
"""
"""Notes up to which message a thread's context is known, unless a later one is noted. A `ts` is ordered as text:
seconds and microseconds of fixed widths (Slack docs, messages)."""

FLOW = """
local function note_flow(key, name)
  if name == '' then redis.call('HDEL', key, 'flow') else redis.call('HSET', key, 'flow', name) end
end
"""
"""Notes the name of a thread's flow, if it has one."""

# KEYS: conversation, newest answer. ARGV: generation, chat_id, chatflow_id, now, lifetime in ms, answered (0 or 1),
# context_since or nothing, asks (0 or 1) and the item of the newest answer or nothing, which both count with an answer,
# the name of the flow or nothing. Of an item that comes twice, the first `since` stays. Returns 1 when it wrote.
REMEMBER = (
    COUNT
    + LATER
    + FLOW
    + """
local key = KEYS[1]
if count(redis.call('HGET', key, 'generation')) ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', key, 'generation', ARGV[1], 'chat_id', ARGV[2], 'chatflow_id', ARGV[3], 'used_at', ARGV[4])
redis.call('HSETNX', key, 'created_at', ARGV[4])
note_flow(key, ARGV[10])
if ARGV[6] == '1' then
  redis.call('HSET', key, 'answered', 1, 'answered_chat', ARGV[2], 'asks', ARGV[8])
  if ARGV[9] == '' then
    redis.call('DEL', KEYS[2])
  elseif redis.call('HGET', KEYS[2], 'item') ~= ARGV[9] then
    redis.call('HSET', KEYS[2], 'item', ARGV[9], 'since', redis.call('HGET', key, 'context_since') or '')
  end
end
redis.call('PEXPIRE', KEYS[2], ARGV[5])
note_later(key, ARGV[7])
redis.call('PEXPIRE', key, ARGV[5])
return 1
"""
)

# KEYS: conversation, newest answer. ARGV: an id of this call, now, lifetime in ms, context_since or nothing, the
# name of the flow that it keeps or nothing. Returns the generation.
START_OVER = (
    COUNT
    + LATER
    + FLOW
    + """
local key = KEYS[1]
if redis.call('HGET', key, 'started_over_by') ~= ARGV[1] then
  redis.call('HSET', key, 'generation', count(redis.call('HGET', key, 'generation')) + 1)
  redis.call('HSET', key, 'started_over_by', ARGV[1], 'chat_id', '', 'created_at', ARGV[2], 'used_at', ARGV[2])
  redis.call('HDEL', key, 'asks', 'files')
  note_flow(key, ARGV[5])
  redis.call('DEL', KEYS[2])
end
note_later(key, ARGV[4])
redis.call('PEXPIRE', key, ARGV[3])
return tonumber(redis.call('HGET', key, 'generation'))
"""
)

# KEYS: conversation. ARGV: now, lifetime in ms, how many are kept, then the `ts` of messages. The latest ones are kept.
LEAVE_OUT = """
local known, is_known = {}, {}
for ts in string.gmatch(redis.call('HGET', KEYS[1], 'left_out') or '', '%S+') do
  table.insert(known, ts)
  is_known[ts] = true
end
for at = 4, #ARGV do
  if not is_known[ARGV[at]] then table.insert(known, ARGV[at]) end
end
local kept = table.concat(known, ' ', math.max(1, #known - tonumber(ARGV[3]) + 1))
redis.call('HSET', KEYS[1], 'left_out', kept, 'used_at', ARGV[1])
redis.call('HSETNX', KEYS[1], 'created_at', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""

# KEYS: conversation. ARGV: quiet (0 or 1), now, lifetime in ms.
SET_QUIET = """
redis.call('HSET', KEYS[1], 'quiet', ARGV[1], 'used_at', ARGV[2])
redis.call('HSETNX', KEYS[1], 'created_at', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""
