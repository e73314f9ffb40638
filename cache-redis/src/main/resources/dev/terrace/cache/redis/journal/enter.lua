-- KEYS what is known of a journal. ARGV format, number of parts, origin. Answers these as they are.
if redis.call('HSETNX', KEYS[1], 'origin', ARGV[3]) == 1 then
  redis.call('HSET', KEYS[1], 'format', ARGV[1], 'parts', ARGV[2])
end
return redis.call('HMGET', KEYS[1], 'format', 'parts', 'origin')
