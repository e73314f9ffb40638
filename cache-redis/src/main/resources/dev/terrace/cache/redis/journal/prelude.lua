-- Put in front of the scripts of one part of a journal. KEYS its stream, what is known of it. Every answer begins with the part's
-- epoch, by which one sees that it was deleted, and with how many records are missing that we have not removed.
local stream, meta = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local length = redis.call('XLEN', stream)
local known = redis.call('HMGET', meta, 'epoch', 'length', 'last')
local epoch, last, missing = known[1], known[3], 0
if not epoch then
  local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  epoch = time[1] .. '.' .. time[2]
  last = newest and string.match(newest[1], '^%d+') or '0'
  redis.call('HSET', meta, 'epoch', epoch, 'length', length, 'last', last)
elseif tonumber(known[2]) ~= length then
  missing = tonumber(known[2]) - length
  redis.call('HSET', meta, 'length', length)
end

local function owns(fence)
  return tonumber(redis.call('HGET', meta, 'fence') or 0) <= tonumber(fence)
end

local function remove(id)
  local removed = redis.call('XDEL', stream, id)
  redis.call('HINCRBY', meta, 'length', -removed)
end
