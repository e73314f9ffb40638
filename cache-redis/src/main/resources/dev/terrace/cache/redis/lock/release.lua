-- ARGV further: the waiter that waits no more, or ''. {1} where it was held until now, else {0}.
end_leases()
local held = 0
for unit = 1, units do
  held = math.max(held, redis.call('ZREM', holders, member(unit)))
end
if ARGV[5] ~= '' then
  redis.call('ZREM', queue, ARGV[5])
  redis.call('ZREM', alive, ARGV[5])
end
wake()
return { held }
