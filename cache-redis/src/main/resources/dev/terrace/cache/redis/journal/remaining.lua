-- ARGV: a number, how many. Answers further the ids from there on that are in the stream.
local answer = { epoch, missing }
for _, record in ipairs(redis.call('XRANGE', stream, ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])) do
  answer[#answer + 1] = record[1]
end
return answer
