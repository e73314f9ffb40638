-- KEYS further: what was put aside. ARGV: the owner's fencing number, an id, why, how many there may be.
-- Answers further 1, 0 where there is a later owner, -1 where there is no room.
if not owns(ARGV[1]) then
  return { epoch, missing, 0 }
end
local record = redis.call('XRANGE', stream, ARGV[2], ARGV[2])[1]
if record then
  if redis.call('XLEN', KEYS[3]) >= tonumber(ARGV[4]) then
    return { epoch, missing, -1 }
  end
  redis.call('XADD', KEYS[3], '*', 'id', ARGV[2], 'why', ARGV[3], unpack(record[2]))
  remove(ARGV[2])
end
return { epoch, missing, 1 }
