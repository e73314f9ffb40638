-- Put in front of every script; the places of bytes are those of RecordFormat, counted from 1. Every script works on any
-- number of keys and gets its deadline, in microseconds of this server's clock, as its first argument.

-- Numbers here are doubles: up to this, integers are exact.
local EXACT = 9007199254740992
local NO_SOURCE = '\128\0\0\0\0\0\0\0'

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local now_millis = math.floor(now / 1000)

if now > tonumber(ARGV[1]) then
  return redis.error_reply('LATE past the deadline, not applied')
end

-- The fixed part of the record under a key; '' where there is nothing, or something that is no bytes.
local function header_of(key)
  local header = redis.pcall('GETRANGE', key, 0, 55)
  return type(header) == 'string' and header or ''
end

local function identity(header)
  return string.sub(header, 5, 20)
end

-- Version, source version (high and low half), sequence, fresh-until and gone-at; nothing where it is no record.
local function parsed(header)
  if #header < 56 or string.sub(header, 1, 3) ~= 'TR\1' or string.byte(header, 4) > 2 then
    return nil
  end
  local version, _, high, low, seq, fresh_until, gone_at = struct.unpack('>I8I8i4I4I8I8I8', header, 5)
  if fresh_until > EXACT or gone_at > EXACT then
    return nil
  end
  return version, high, low, seq, fresh_until, gone_at
end

local function source_of(header)
  return parsed(header) and string.sub(header, 21, 28) or NO_SOURCE
end

local function version_after(header)
  local version = parsed(header)
  if version and version >= now and version < EXACT then
    return version + 1
  end
  return now
end

-- Whether one source version is older than another: signed 64 bits, compared in halves.
local function is_older(source, than)
  if source == NO_SOURCE or than == NO_SOURCE then
    return false
  end
  local high, low = struct.unpack('>i4I4', source)
  local than_high, than_low = struct.unpack('>i4I4', than)
  return high < than_high or high == than_high and low < than_low
end

-- What is under a key, as a reply: the bytes, nil where there is nothing, 2 where it is no bytes.
local function reading(key)
  local bytes = redis.pcall('GET', key)
  if type(bytes) == 'table' then
    return 2
  end
  return bytes
end

-- Stores a draft with what only the server can say. Answers what SET answers, which may be an error. A server that is out of
-- memory refuses it only where the script has changed nothing before, so it comes before all else.
local function store(key, draft, version, seq, fresh, life)
  return redis.pcall(
    'SET',
    key,
    string.sub(draft, 1, 4)
      .. struct.pack('>I8', version)
      .. string.sub(draft, 13, 28)
      .. struct.pack('>I8I8I8', seq, now_millis + fresh, now_millis + life)
      .. string.sub(draft, 53),
    'PX',
    life
  )
end

-- The counter or marker under a key; nil where there is none.
local function number_under(key)
  local text = redis.pcall('GET', key)
  local number = type(text) == 'string' and tonumber(text) or -1
  return number >= 0 and number < EXACT and math.floor(number) or nil
end

local function digits(number)
  return string.format('%.0f', number)
end

-- Tells whoever listens that these keys change: a format byte, who says so (8 bytes; zeroes where the writer's own node is to
-- take it as another's), and the keys with spaces between. The last argument is who says so and the channel; one that ends in
-- ':' goes on with the name of this server in its cluster, so that only those hear it who listen here.
-- Answers an error where somebody may be listening and must not be told: to be returned before anything is changed.
local function tell(changed)
  local channel = string.sub(ARGV[#ARGV], 9)
  if string.sub(channel, -1) == ':' then
    local name = redis.pcall('CLUSTER', 'MYID')
    if type(name) == 'table' then
      return redis.error_reply('NOPERM change notices: this user needs +cluster|myid')
    end
    channel = channel .. name
  end
  local listening = redis.pcall('PUBSUB', 'NUMSUB', channel)
  if listening[2] == 0 then
    return nil
  end
  local message = '\1' .. string.sub(ARGV[#ARGV], 1, 8) .. table.concat(changed, ' ')
  local told = redis.pcall('PUBLISH', channel, message)
  if type(told) == 'table' then
    return redis.error_reply(
      'NOPERM change notices: '
        .. (listening.err and 'this user needs +pubsub|numsub, or +publish and &' or 'nodes listen, and this user needs +publish and &')
        .. channel
    )
  end
end
