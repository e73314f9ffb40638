-- Put in front of the scripts of a queue. KEYS entries, taken, due, waiting. ARGV the queue's time to live in ms, or ''.
--
-- A waiter is 'channel|id', whose score is when it last asked.
local entries, taken, due, waiting = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Waiters ask again in a third of this at the latest.
local PATIENCE = 3000

local function live_on()
  if ARGV[1] ~= '' then
    for i = 1, 3 do
      redis.call('PEXPIRE', KEYS[i], ARGV[1])
    end
  end
end

-- Forgets those whose process died, and those of before the clock was set back.
local function forget_the_gone()
  redis.call('ZREMRANGEBYSCORE', waiting, '-inf', now - PATIENCE)
  redis.call('ZREMRANGEBYSCORE', waiting, '(' .. string.format('%.0f', now), '+inf')
end

-- Wakes one for each entry, of those who wait.
local function wake(most)
  forget_the_gone()
  local woken = redis.call('ZPOPMIN', waiting, most)
  for i = 1, #woken, 2 do
    local channel, id = string.match(woken[i], '^(.*)|(.*)$')
    redis.call('PUBLISH', channel, id)
  end
end
