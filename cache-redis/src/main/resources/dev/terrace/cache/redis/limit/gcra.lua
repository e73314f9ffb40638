-- The state is 'debt|since': how many permits are not yet earned back, at which time. It is earned back at the rate of the
-- limit and may be the burst at most. Where the clock was set back, nothing is earned back for that time.
local debt, since = string.match(redis.call('GET', key) or '', '^([^|]+)|([^|]+)$')
debt = math.min(tonumber(debt) or 0, burst)
since = tonumber(since) or now
if since > now then
  redis.call('SET', key, string.format('%.17g|%.0f', debt, now), 'PX', millis(debt * period / limit))
  since = now
end
debt = math.max(0, debt - (now - since) * limit / period)
local allowed = debt + asked <= burst
if allowed then
  debt = debt + asked
  redis.call('SET', key, string.format('%.17g|%.0f', debt, now), 'PX', millis(debt * period / limit))
  return answer(true, burst - debt, 0)
end
return answer(false, burst - debt, (debt + asked - burst) * period / limit)
