-- ARGV: the owner's fencing number, ids. Answers further 1, or 0 where there is a later owner.
if not owns(ARGV[1]) then
  return { epoch, missing, 0 }
end
for i = 2, #ARGV do
  remove(ARGV[i])
end
return { epoch, missing, 1 }
