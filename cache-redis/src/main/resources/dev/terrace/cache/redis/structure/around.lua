-- KEYS scores. ARGV how many on each side of a member, and the member; or how many of the first. Rank, member, score of each.
local from, to = 0, tonumber(ARGV[1]) - 1
if ARGV[2] then
  local place = redis.call('ZREVRANK', KEYS[1], ARGV[2])
  if not place then
    return {}
  end
  from, to = math.max(0, place - ARGV[1]), place + ARGV[1]
end
local found = redis.call('ZREVRANGE', KEYS[1], from, to, 'WITHSCORES')
local reply = {}
local score, rank
for i = 1, #found, 2 do
  if found[i + 1] ~= score then
    score = found[i + 1]
    -- Only the first may share its score with one that is not shown.
    rank = i == 1 and redis.call('ZCOUNT', KEYS[1], '(' .. score, '+inf') + 1 or from + (i + 1) / 2
  end
  reply[#reply + 1] = rank
  reply[#reply + 1] = found[i]
  reply[#reply + 1] = score
end
return reply
