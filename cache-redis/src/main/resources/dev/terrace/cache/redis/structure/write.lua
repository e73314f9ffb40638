-- KEYS one. ARGV its time to live in ms, a command, what comes after the key. Its answer; that of several parts is the sum.
local reply
for from = 3, #ARGV, 5000 do
  local part = redis.call(ARGV[2], KEYS[1], unpack(ARGV, from, math.min(from + 4999, #ARGV)))
  reply = reply and reply + part or part
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return { reply }
