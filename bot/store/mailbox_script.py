"""Knows the Lua scripts of the mailboxes: what was taken in, in which order, and who works on it.

redis-py sends a command again when its reply was lost, so each script may run twice: it knows a claim by the name of
the call that made it, and an item by its holder. All keys of a script share the mailbox's hash tag. The clock is the
server's, the only one that all replicas share. It may be set back: a lease never lasts longer than one that is given
now, whatever is kept of it. That it was set forward cannot be seen from here (`bot.store.server_clock`).

A mailbox is a sorted set of references by `ts`, beside hashes of the items, of what is open of their answers and of
their holders (`process:epoch`), a sorted set of the times their leases end, and the item whose turn it is. An item
stays, with its turn, until it is settled: one whose holder has died keeps its place until another process takes it.
"""

from __future__ import annotations

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# KEYS: claim, mail, items, holders, leases, open, conversation. ARGV: name of the call, life of the claim in ms,
# reference, score, item, holder, lease in ms, lifetime of the mailbox in ms, what is open ('' if nothing), '1' if the
# conversation opens, now in s, lifetime of the conversation in ms, until when it is listed. Returns 1 when it is ours,
# 0 when it was claimed before, -1 when it must be listed again first.
ACCEPT = (
    _NOW
    + """
local claimed = redis.call('GET', KEYS[1])
if claimed then return claimed == ARGV[1] and 1 or 0 end
if redis.call('HEXISTS', KEYS[4], ARGV[3]) == 1 then return 0 end  -- an item may outlast its claim
if now >= tonumber(ARGV[13]) then return -1 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
redis.call('HSET', KEYS[3], ARGV[3], ARGV[5])
redis.call('HSET', KEYS[4], ARGV[3], ARGV[6])
redis.call('ZADD', KEYS[5], now + tonumber(ARGV[7]), ARGV[3])
if ARGV[9] ~= '' then redis.call('HSET', KEYS[6], ARGV[3], ARGV[9]) end
for number = 2, 6 do redis.call('PEXPIRE', KEYS[number], ARGV[8]) end
if ARGV[10] == '1' then
  redis.call('HSET', KEYS[7], 'quiet', 0, 'used_at', ARGV[11])
  redis.call('HSETNX', KEYS[7], 'created_at', ARGV[11])
  redis.call('PEXPIRE', KEYS[7], ARGV[12])
end
return 1
"""
)

# KEYS: mail, holders, leases, turn. ARGV: reference, holder, lease in ms, lifetime in ms. Returns the number of items
# before this one, -1 when another one holds it, -2 when it is not there.
STAND = (
    _NOW
    + """
local mail, holders, leases, turn = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local holder = redis.call('HGET', holders, ARGV[1])
if not holder then return -2 end
if holder ~= ARGV[2] then return -1 end
redis.call('ZADD', leases, now + tonumber(ARGV[3]), ARGV[1])
local before = redis.call('ZRANK', mail, ARGV[1])
local current = redis.call('GET', turn)
local ahead = current and redis.call('ZRANK', mail, current)
if current == ARGV[1] then
  before = 0
elseif ahead then
  if ahead > before then before = before + 1 end
elseif before == 0 then
  redis.call('SET', turn, ARGV[1])
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[4]) end
return before
"""
)

# KEYS: mail, open. ARGV: reference. Returns 1 when the item before this one has something standing in Slack.
SHOWN = """
local before = redis.call('ZRANK', KEYS[1], ARGV[1])
if not before or before == 0 then return 1 end
local open = redis.call('HGET', KEYS[2], redis.call('ZRANGE', KEYS[1], before - 1, before - 1)[1])
return open and #cjson.decode(open).messages > 0 and 1 or 0
"""

# KEYS: holders, open, run. ARGV: reference, holder, what is open, lifetime in ms, run ('' for none), its lifetime.
# Returns 1, or 0 when another one holds the item or it is not there.
NOTE = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
if ARGV[5] ~= '' then redis.call('SET', KEYS[3], ARGV[5], 'PX', ARGV[6]) end
return 1
"""

# KEYS: mail, items, open, holders, leases, turn, again, run. ARGV: reference, holder, the question for another time (''
# for none), its lifetime in ms, '1' if the run is over.
SETTLE = """
if redis.call('HGET', KEYS[4], ARGV[1]) ~= ARGV[2] then return 0 end
if redis.call('GET', KEYS[6]) == ARGV[1] then redis.call('DEL', KEYS[6]) end
redis.call('ZREM', KEYS[1], ARGV[1])
for number = 2, 4 do redis.call('HDEL', KEYS[number], ARGV[1]) end
redis.call('ZREM', KEYS[5], ARGV[1])
if ARGV[3] ~= '' then redis.call('SET', KEYS[7], ARGV[3], 'PX', ARGV[4]) end
if ARGV[5] == '1' then redis.call('DEL', KEYS[8]) end
return 1
"""

# KEYS: holders, leases, run. ARGV: reference, holder, '1' if the run is over.
RELEASE = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('ZADD', KEYS[2], 0, ARGV[1])
if ARGV[3] == '1' then redis.call('DEL', KEYS[3]) end
return 1
"""

# Takes one item whose lease is over. When the reply is lost, it is taken again one lease later.
#
# KEYS: items, open, holders, leases. ARGV: process, lease in ms, the time before which a lease is over, which is known
# not to have jumped. Returns reference, epoch, item, what is open; or, when there is none, when the next lease ends in
# ms, and -1 for an empty mailbox.
TAKE = (
    _NOW
    + """
local longest = now + tonumber(ARGV[2])
for _, reference in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '(' .. longest, '+inf')) do
  redis.call('ZADD', KEYS[4], longest, reference)
end
for _, reference in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', ARGV[3])) do
  local item = redis.call('HGET', KEYS[1], reference)
  if item then
    local epoch = tonumber(string.match(redis.call('HGET', KEYS[3], reference) or ':0', ':(%d+)$')) + 1
    redis.call('HSET', KEYS[3], reference, ARGV[1] .. ':' .. epoch)
    redis.call('ZADD', KEYS[4], now + tonumber(ARGV[2]), reference)
    return {reference, epoch, item, redis.call('HGET', KEYS[2], reference) or ''}
  end
  redis.call('ZREM', KEYS[4], reference)
end
local next = redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')
return {tonumber(next[2] or '-1')}
"""
)

# The list of a workspace's mailboxes that are not empty, by when somebody should look into them. A mailbox is listed
# before an item is put into it, so that none is forgotten whenever a process dies. The list is in another slot than the
# mailbox, so between its being listed and the item another replica may look into it and find it empty: it is listed
# `until` a time before which none takes it off, and from which on no item is put into it.
#
# KEYS: due, until. ARGV: line, in how many ms, lifetime in ms. One that is due already stays so, under another time, so
# that who is looking into it now does not put off the next look. Returns until when it is listed at least.
LIST = (
    _NOW
    + """
local due = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '-1')
local at = now + tonumber(ARGV[2])
local listed = at
if due >= 0 and due < at then at = due > now and due or math.max(due + 1, now) end
redis.call('ZADD', KEYS[1], at, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], math.max(listed, tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')))
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[3]) end
return listed
"""
)

# KEYS: due, until. ARGV: line, the time under which it was seen, the new time in ms or -1 to take it off the list, the
# longest in ms that it may still have to stay there.
RELIST = (
    _NOW
    + """
local due = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not due or tonumber(due) ~= tonumber(ARGV[2]) then return 0 end
local at = tonumber(ARGV[3])
if at < 0 then
  at = math.min(tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0'), now + tonumber(ARGV[4]))
  redis.call('HSET', KEYS[2], ARGV[1], at)
end
if ARGV[3] == '-1' and at <= now then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
else
  redis.call('ZADD', KEYS[1], at, ARGV[1])
end
return 1
"""
)

# KEYS: due, processes. ARGV: process, how long it counts as present in ms, lease in ms. Returns the number of the
# others, the time in ms, then lines that are due, each with its time.
DUE = (
    _NOW
    + """
for _, line in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. (now + tonumber(ARGV[3])), '+inf')) do
  redis.call('ZADD', KEYS[1], now, line)  -- the clock was set back
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '(' .. (now + tonumber(ARGV[2])), '+inf')
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[2]), ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', 0, 500)
table.insert(found, 1, tostring(now))
table.insert(found, 1, tostring(redis.call('ZCARD', KEYS[2]) - 1))
return found
"""
)
