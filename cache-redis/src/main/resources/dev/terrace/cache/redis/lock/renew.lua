-- {1} where the lease runs anew, {0} where it had ended.
end_leases()
if not redis.call('ZSCORE', holders, member(1)) then
  return { 0 }
end
for unit = 1, units do
  redis.call('ZADD', holders, now + lease, member(unit))
end
if redis.call('PTTL', holders) < lease then
  redis.call('PEXPIRE', holders, lease)
end
return { 1 }
