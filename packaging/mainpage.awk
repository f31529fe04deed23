# Makes the main page of the reference from the comment that the header begins with: its title, and its conventions as a
# list. A convention begins where a line is not indented.
/^ \*\// { exit }
{ sub(/^(\/\*| \*)/, ""); sub(/^ /, "") }
title == "" && /^libaxonpush/ { title = $0; print "# libaxonpush\n\n" $0; next }
/^GENERATED/ { next }
/^CONVENTIONS/ { print "## Conventions\n\nSaid once here, and not repeated.\n"; listing = 1; next }
/^Where a rule comes from/ { listing = 0 }
listing && /^[A-Z]/ { printf "- " }
listing && /^ / { sub(/^ +/, "  ") }
{ gsub(/\*/, "\\*"); print }
