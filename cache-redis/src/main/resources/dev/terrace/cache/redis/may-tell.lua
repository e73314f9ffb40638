-- ARGV a channel. Whether the caller may ask who listens there, publish there, and ask what this server is called in its
-- cluster: 1 or 0 each; nothing where the server cannot say.
local replies = {}
if redis.acl_check_cmd then
  for i, command in ipairs({{'PUBSUB', 'NUMSUB', ARGV[1]}, {'PUBLISH', ARGV[1], ''}, {'CLUSTER', 'MYID'}}) do
    replies[i] = redis.acl_check_cmd(unpack(command)) and 1 or 0
  end
end
return replies
