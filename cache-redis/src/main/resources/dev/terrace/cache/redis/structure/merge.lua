-- KEYS one to merge into, others. ARGV its time to live in ms, or ''.
redis.call('PFMERGE', unpack(KEYS))
if ARGV[1] ~= '' then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return {}
