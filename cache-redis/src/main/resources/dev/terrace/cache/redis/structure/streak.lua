-- KEYS days, the last first. ARGV id. How many of them from the first on have its bit.
for i = 1, #KEYS do
  if redis.call('GETBIT', KEYS[i], ARGV[1]) == 0 then
    return { i - 1 }
  end
end
return { #KEYS }
