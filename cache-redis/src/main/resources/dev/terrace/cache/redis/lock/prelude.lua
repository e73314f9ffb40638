-- Put in front of the scripts that change a lock. KEYS holders, fencing number, queue of waiters, how long each is believed to
-- wait. ARGV token, mode (x alone, s shared), lease in ms, units.
--
-- A holder is a member 'mode|lease|unit|token' for each of its units, whose score is when its lease ends. A waiter is
-- 'channel|id'.
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)
local holders, fence_key, queue, alive = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, mode, lease, units = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

-- Waiters ask again in a third of this at the latest.
local PATIENCE = 3000

local function member(unit)
  return mode .. '|' .. ARGV[3] .. '|' .. unit .. '|' .. token
end

local function lease_of(holder)
  return tonumber(string.match(holder, '^.|(%d+)|') or 0)
end

-- Ends what has ended. Where this clock was set back, nothing lasts longer than its lease from now on.
local function end_leases()
  redis.call('ZREMRANGEBYSCORE', holders, '-inf', now)
  local last = redis.call('ZREVRANGE', holders, 0, 0, 'WITHSCORES')
  if last[1] and tonumber(last[2]) > now + lease_of(last[1]) then
    local all = redis.call('ZRANGE', holders, 0, -1, 'WITHSCORES')
    for i = 1, #all, 2 do
      redis.call('ZADD', holders, math.min(tonumber(all[i + 1]), now + lease_of(all[i])), all[i])
    end
  end
end

-- The first who still waits.
local function head()
  while true do
    local first = redis.call('ZRANGE', queue, 0, 0)[1]
    if not first then
      return nil
    end
    local patience = tonumber(redis.call('ZSCORE', alive, first) or 0)
    if patience > now and patience <= now + PATIENCE then
      return first
    end
    redis.call('ZREM', queue, first)
    redis.call('ZREM', alive, first)
  end
end

local function wake()
  local first = head()
  if first then
    local channel, id = string.match(first, '^(.*)|(.*)$')
    redis.call('PUBLISH', channel, id)
  end
end
