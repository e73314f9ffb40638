-- ARGV: the record, how many there may be. Answers further the number, or nothing where there is no room.
if length >= tonumber(ARGV[2]) then
  return { epoch, missing }
end
-- Also where the stream was lost, numbers go on rising: they are the time then.
local number = string.format('%.0f', math.max(tonumber(last) + 1, time[1] * 1000000 + time[2]))
redis.call('XADD', stream, number .. '-0', 'r', ARGV[1])
redis.call('HSET', meta, 'last', number, 'length', length + 1)
return { epoch, missing, number }
