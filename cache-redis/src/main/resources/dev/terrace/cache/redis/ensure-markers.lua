-- KEYS counter, then markers. ARGV deadline, milliseconds of life, the highest number that the caller was ever given. The
-- counter and each marker. A counter that was lost, or begun anew by one who knew less, goes on from what is known by now: what
-- was stored before would be newer than an invalidation with a lower number.
-- A life that is too short by now becomes twice as long as asked, so that few calls have to write.
local life = tonumber(ARGV[2])
local replies = {}
local counter, highest = number_under(KEYS[1]), tonumber(ARGV[3])
for i = 2, #KEYS do
  local marker = number_under(KEYS[i])
  replies[i] = marker or false
  highest = math.max(highest, marker or 0)
end
replies[1] = math.max(counter or now, highest)
for i = 1, #KEYS do
  if not replies[i] or i == 1 and replies[1] ~= counter then
    replies[i] = replies[i] or replies[1]
    redis.call('SET', KEYS[i], digits(replies[i]), 'PX', digits(2 * life))
  else
    local left = redis.call('PTTL', KEYS[i])
    if left >= 0 and left < life then
      redis.call('PEXPIRE', KEYS[i], digits(2 * life))
    end
  end
end
return replies
