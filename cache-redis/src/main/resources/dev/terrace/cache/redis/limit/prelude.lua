-- Put in front of every limiter. KEYS state. ARGV permits asked for, limit, period in microseconds, burst.
-- {1 or 0, how many more would be granted now, microseconds after which it is worth another try, this server's time}
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local key = KEYS[1]
local asked, limit, period, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local function digits(number)
  return string.format('%.0f', number)
end

-- What a Long of microseconds can hold.
local LONGEST = 9e15

local function answer(allowed, remaining, retry)
  return { allowed and 1 or 0, digits(math.max(0, math.floor(remaining))), digits(math.min(LONGEST, math.max(0, math.ceil(retry)))), digits(now) }
end

-- Redis takes no time to live below 1 ms.
local function millis(micros)
  return digits(math.max(1, math.ceil(micros / 1000)))
end
