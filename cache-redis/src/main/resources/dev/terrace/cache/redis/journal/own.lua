-- ARGV: the fencing number of the new owner.
if owns(ARGV[1]) then
  redis.call('HSET', meta, 'fence', ARGV[1])
end
return { epoch, missing }
