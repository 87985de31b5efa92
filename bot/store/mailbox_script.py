"""Holds the Lua scripts of the mailboxes: which questions were accepted, in which order, and who works on them.

redis-py sends a command again if its reply is lost, so each script may run twice: it recognises a claim by the name of
the call that made it, and an item by its holder. All keys of a script share the mailbox's hash tag. The clock is the
server's, the only one that all replicas share. It may be set back: a lease never lasts longer than one granted now,
whatever is stored. That it was set forward cannot be detected here (`bot.store.server_clock`).

A mailbox is a sorted set of references by `ts`; hashes of the items, of what is noted of their answers, and of their
holders (`process:epoch`); a sorted set of the times at which their leases end (0: handed over); how many holders have
failed; the item whose turn it is; and who has stopped which. An item stays, with its turn, until it is settled or put
aside: one whose holder died keeps its place until another process takes it.

No script fails over a stored value, whatever it is: it would fail in every process, each time it looks.
"""

from __future__ import annotations

from bot.store.scripts import COUNT

NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# Takes all that is kept of an item out of its mailbox. The first eight keys: mail, items, open, holders, failures,
# leases, turn, stopped.
_FORGET = """
local function forget(reference)
  redis.call('ZREM', KEYS[1], reference)
  for number = 2, 5 do redis.call('HDEL', KEYS[number], reference) end
  redis.call('ZREM', KEYS[6], reference)
  redis.call('HDEL', KEYS[8], reference)
  if redis.call('GET', KEYS[7]) == reference then redis.call('DEL', KEYS[7]) end
end
"""

# KEYS: claim, mail, items, holders, leases, open, conversation. ARGV: name of the call, life of the claim in ms,
# reference, score, item, holder, lease in ms, lifetime of the mailbox in ms, what is open ('' if nothing), '1' if the
# conversation opens, now in s, lifetime of the conversation in ms, until when it is listed. Returns 1 when it is ours,
# 0 when it was claimed before, -1 when it must be listed again first.
ACCEPT = (
    NOW
    + """
local claimed = redis.call('GET', KEYS[1])
if claimed then
  return claimed == ARGV[1] and redis.call('HGET', KEYS[4], ARGV[3]) == ARGV[6] and 1 or 0
end
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

# KEYS: mail, holders, leases, turn, passed. ARGV: lease in ms, lifetime in ms, then references, each with its holder.
# Returns for each the number of items before it, -1 when another one holds it, -2 when it is not there. It is the same
# few commands for one item and for hundreds: those that wait are renewed every few seconds. An item that lets others
# pass comes last, and never has the turn.
STAND = (
    NOW
    + """
local mail, holders, leases, turn = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local names = {}
for at = 3, #ARGV, 2 do table.insert(names, ARGV[at]) end
local held = redis.call('HMGET', holders, unpack(names))
local passed, rank, last = {}, {}, 0
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '(' .. now, '+inf')) do passed[name] = true end
local names_of_all = redis.call('ZRANGE', mail, 0, -1)
for _, name in ipairs(names_of_all) do
  if not passed[name] then
    rank[name] = last
    last = last + 1
  end
end
for _, name in ipairs(names_of_all) do
  if passed[name] then rank[name] = math.max(last, 1) end
end
local current = redis.call('GET', turn)
local ahead = current and rank[current]
local found, renewed = {}, {}
for number, name in ipairs(names) do
  local before = rank[name]
  if not held[number] or not before then
    before = -2
  elseif held[number] ~= ARGV[2 + 2 * number] then
    before = -1
  else
    table.insert(renewed, now + tonumber(ARGV[1]))
    table.insert(renewed, name)
    if current == name then
      before = 0
    elseif ahead then
      if ahead > before then before = before + 1 end
    elseif before == 0 then
      redis.call('SET', turn, name)
      current, ahead = name, 0
    end
  end
  table.insert(found, before)
end
if #renewed > 0 then
  redis.call('ZADD', leases, unpack(renewed))
  for number = 1, 4 do redis.call('PEXPIRE', KEYS[number], ARGV[2]) end
end
return found
"""
)

# KEYS: holders, turn, passed. ARGV: reference, holder, for how many ms others may pass it, 0 for no longer. Returns 1,
# or 0 when another one holds it or it is not there. What is noted ends by itself, so that nobody who dies leaves it.
LET_PASS = (
    NOW
    + """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
if ARGV[3] == '0' then
  redis.call('ZREM', KEYS[3], ARGV[1])
  return 1
end
redis.call('ZADD', KEYS[3], now + tonumber(ARGV[3]), ARGV[1])
redis.call('PEXPIRE', KEYS[3], ARGV[3])
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1
"""
)

# KEYS: mail, open. ARGV: reference. Returns 1 when every item before this one has something standing in Slack: one that
# was delivered late may have come between. What cannot be read of an item is no reason to wait.
SHOWN = """
local rank = redis.call('ZRANK', KEYS[1], ARGV[1])
if not rank or rank == 0 then return 1 end
for _, before in ipairs(redis.call('ZRANGE', KEYS[1], 0, rank - 1)) do
  local open = redis.call('HGET', KEYS[2], before)
  if not open then return 0 end
  local read, note = pcall(cjson.decode, open)
  if read and type(note) == 'table' and type(note.messages) == 'table' and #note.messages == 0 then return 0 end
end
return 1
"""

# KEYS: holders, open, run, stopped. ARGV: reference, holder, what is open, lifetime in ms, run ('' for none), its
# lifetime. Returns 1, or 0 when another one holds the item or it is not there. A run is not noted for an item that was
# stopped before: who has stopped it is returned instead. A note of its own may arrive twice, and then counts.
NOTE = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if ARGV[5] ~= '' and redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[3] then
  local stopped = redis.call('HGET', KEYS[4], ARGV[1])
  if stopped then return stopped end
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
if ARGV[5] ~= '' then redis.call('SET', KEYS[3], ARGV[5], 'PX', ARGV[6]) end
return 1
"""

# KEYS: mail, items, open, holders, failures, leases, turn, stopped, again, run. ARGV: reference, holder, the question
# for another time ('' for none), its lifetime in ms, '1' if the run is over. Returns 1 or who has
# stopped it, 0 when another one holds it.
SETTLE = (
    _FORGET
    + """
if redis.call('HGET', KEYS[4], ARGV[1]) ~= ARGV[2] then return 0 end
local stopped = redis.call('HGET', KEYS[8], ARGV[1])
forget(ARGV[1])
if ARGV[3] ~= '' then redis.call('SET', KEYS[9], ARGV[3], 'PX', ARGV[4]) end
if ARGV[5] == '1' then redis.call('DEL', KEYS[10]) end
return stopped or 1
"""
)

# Takes an item out of its mailbox and keeps what was stored of it, byte for byte, for somebody to look at.
#
# KEYS: mail, items, open, holders, failures, leases, turn, stopped, aside. ARGV: reference, holder, reason, lifetime
# in ms. Returns 1, also when it was done before by this holder.
PUT_ASIDE = (
    NOW
    + _FORGET
    + """
local aside = KEYS[9]
if redis.call('HGET', KEYS[4], ARGV[1]) ~= ARGV[2] then
  return redis.call('HGET', aside, 'holder') == ARGV[2] and 1 or 0
end
redis.call('DEL', aside)
redis.call('HSET', aside, 'holder', ARGV[2], 'reason', ARGV[3], 'at', now)
for number, name in ipairs({'item', 'open'}) do
  redis.call('HSET', aside, name, redis.call('HGET', KEYS[number + 1], ARGV[1]) or '')
end
redis.call('PEXPIRE', aside, ARGV[4])
forget(ARGV[1])
return 1
"""
)

# KEYS: holders, failures, leases, run. ARGV: reference, holder, '1' if the run is over, '1' if the holder has failed,
# lifetime in ms.
RELEASE = (
    COUNT
    + """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if ARGV[4] == '1' and tonumber(redis.call('ZSCORE', KEYS[3], ARGV[1]) or '1') ~= 0 then
  redis.call('HSET', KEYS[2], ARGV[1], count(redis.call('HGET', KEYS[2], ARGV[1])) + 1)
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
end
redis.call('ZADD', KEYS[3], 0, ARGV[1])
if ARGV[3] == '1' then redis.call('DEL', KEYS[4]) end
return 1
"""
)

# Takes one item whose lease is over. When the reply is lost, it is taken again one lease later. A holder whose lease
# ran out has failed, one who has handed the item over has not.
#
# KEYS: mail, items, open, holders, failures, leases, turn, stopped. ARGV: process, lease in ms, lifetime in ms, the
# time before which a lease is over, which is known not to have jumped, then the references that are left to others.
# Returns reference, epoch, item, what is open, number of failures, who has stopped it ('' for nobody); or, when there
# is none, when the next lease ends in ms,
# and -1 for an empty mailbox.
TAKE = (
    NOW
    + COUNT
    + _FORGET
    + """
local leases, others = KEYS[6], {}
for at = 5, #ARGV do others[ARGV[at]] = true end
local longest = now + tonumber(ARGV[2])
for _, reference in ipairs(redis.call('ZRANGEBYSCORE', leases, '(' .. longest, '+inf')) do
  redis.call('ZADD', leases, longest, reference)
end
local over = redis.call('ZRANGEBYSCORE', leases, '-inf', ARGV[4], 'WITHSCORES')
for at = 1, #over, 2 do
  local reference, ended = over[at], tonumber(over[at + 1])
  local item = redis.call('HGET', KEYS[2], reference)
  if not item then
    forget(reference)
  elseif not others[reference] then
    local epoch = count(string.match(redis.call('HGET', KEYS[4], reference) or '', ':(%d+)$')) + 1
    local failures = count(redis.call('HGET', KEYS[5], reference)) + (ended ~= 0 and 1 or 0)
    redis.call('HSET', KEYS[4], reference, ARGV[1] .. ':' .. epoch)
    redis.call('HSET', KEYS[5], reference, failures)
    redis.call('PEXPIRE', KEYS[5], ARGV[3])
    redis.call('ZADD', leases, longest, reference)
    local open, stopped = redis.call('HGET', KEYS[3], reference) or '', redis.call('HGET', KEYS[8], reference) or ''
    return {reference, epoch, item, open, failures, stopped}
  end
end
local next = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')
return {tonumber(next[2] or '-1')}
"""
)

# The list of all mailboxes that are not empty, by when somebody should look into them. A mailbox is listed
# before an item is put into it, so that none is forgotten whenever a process dies. The list is in another slot than the
# mailbox, so between its being listed and the item another replica may look into it and find it empty: it is listed
# `until` a time before which none takes it off, and from which on no item is put into it.
#
# KEYS: due, until. ARGV: line, in how many ms, lifetime in ms. One that is due already stays so, under another time, so
# that who is looking into it now does not put off the next look. Returns until when it is listed at least.
LIST = (
    NOW
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
    NOW
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

# The list holds the mailboxes of all workspaces; this process asks for those of the teams that it serves. What nobody
# has looked at for longer than a mailbox is kept is of teams that nobody serves any longer, and goes.
#
# KEYS: due, until, then for each team its processes. ARGV: process, how long it counts as present in ms, lease in ms,
# lifetime of a mailbox in ms, then the teams. Returns the time in ms, the number of the others for each team, and the
# lines that are due, each with its time.
DUE = (
    NOW
    + """
for _, line in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. (now + tonumber(ARGV[3])), '+inf')) do
  redis.call('ZADD', KEYS[1], now, line)  -- the clock was set back
end
for _, line in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(0', now - tonumber(ARGV[4]), 'LIMIT', 0, 500)) do
  redis.call('ZREM', KEYS[1], line)
  redis.call('HDEL', KEYS[2], line)
end
local served, others = {}, {}
for at = 5, #ARGV do
  local processes = KEYS[at - 2]
  served[ARGV[at]] = true
  redis.call('ZREMRANGEBYSCORE', processes, '(' .. (now + tonumber(ARGV[2])), '+inf')
  redis.call('ZREMRANGEBYSCORE', processes, '-inf', now)
  redis.call('ZADD', processes, now + tonumber(ARGV[2]), ARGV[1])
  redis.call('PEXPIRE', processes, ARGV[2])
  table.insert(others, redis.call('ZCARD', processes) - 1)
end
local found, from = {}, 0
repeat
  local some = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', from, 500)
  for at = 1, #some, 2 do
    if served[string.match(some[at], '^[^:]*')] and #found < 1000 then
      table.insert(found, some[at])
      table.insert(found, some[at + 1])
    end
  end
  from = from + 500
until #some < 1000 or #found >= 1000
return {tostring(now), others, found}
"""
)

# KEYS: the processes of a team. ARGV: process. Returns how many others are present.
OTHERS = (
    NOW
    + """
local present = redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf')
local ours = redis.call('ZSCORE', KEYS[1], ARGV[1])
return ours and tonumber(ours) > now and present - 1 or present
"""
)

# KEYS: due, until. ARGV: what the lines of a workspace begin with. Returns how many were taken off the list.
UNLIST = """
local gone = 0
for _, line in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if string.sub(line, 1, #ARGV[1]) == ARGV[1] then
    gone = gone + redis.call('ZREM', KEYS[1], line)
    redis.call('HDEL', KEYS[2], line)
  end
end
return gone
"""
