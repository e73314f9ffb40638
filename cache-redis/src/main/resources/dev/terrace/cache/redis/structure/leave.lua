-- ARGV further: a waiter that waits no more. If it was woken for an entry, another is.
if redis.call('ZREM', waiting, ARGV[2]) == 0 and redis.call('LLEN', entries) > 0 then
  wake(1)
end
return {}
