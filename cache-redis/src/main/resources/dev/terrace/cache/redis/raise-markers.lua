-- KEYS counter, then markers. ARGV deadline, milliseconds of life, the highest number that the caller was ever given, who tells
-- where. The counter and each marker, all the same.
local life = tonumber(ARGV[2])
local highest = tonumber(ARGV[3])
local left = {}
for i = 1, #KEYS do
  highest = math.max(highest, number_under(KEYS[i]) or 0)
  left[i] = redis.call('PTTL', KEYS[i])
end
local seq = math.max(highest + 1, now)
local changed = {}
for i = 2, #KEYS do
  changed[i - 1] = KEYS[i]
end
local refused = #changed > 0 and tell(changed)
if refused then
  return refused
end
local replies = {}
for i = 1, #KEYS do
  -- A server that is out of memory lets a script go on that has changed something.
  redis.call('DEL', KEYS[i])
  redis.call('SET', KEYS[i], digits(seq), 'PX', digits(math.max(2 * life, left[i])))
  replies[i] = seq
end
return replies
