-- The state is 'window|granted in it'.
local window = math.floor(now / period)
local known, granted = string.match(redis.call('GET', key) or '', '^(%d+)|(%d+)$')
granted = tonumber(granted) or 0
known = tonumber(known) or window
local ends = (window + 1) * period - now
local function store()
  redis.call('SET', key, digits(window) .. '|' .. digits(granted), 'PX', millis(ends))
end
if known < window then
  granted = 0
elseif known > window then
  -- It is from before the clock was set back, and this one then.
  store()
end
if granted + asked <= limit then
  granted = granted + asked
  store()
  return answer(true, limit - granted, 0)
end
return answer(false, limit - granted, ends)
