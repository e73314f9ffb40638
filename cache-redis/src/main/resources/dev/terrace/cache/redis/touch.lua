-- KEYS records. ARGV deadline, milliseconds.
for i = 1, #KEYS do
  local header = header_of(KEYS[i])
  local version, _, _, _, _, gone_at = parsed(header)
  if version and string.byte(header, 4) ~= 2 then
    redis.call('PEXPIREAT', KEYS[i], digits(math.min(gone_at, now_millis + tonumber(ARGV[2]))))
  end
end
return {}
