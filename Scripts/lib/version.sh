# shellcheck shell=bash
# Sourced by the scripts: which version this is. The program's own word is the only place of it, and
# the newest heading of CHANGELOG.md with a number names the same.

# The file with the program's version, below the repository's root.
version_file=Sources/dfuse/Dfuse.swift

# The version that the program of the repository in ROOT says it is.
source_version() {  # source_version ROOT
  sed -n 's/^ *version: "dfuse \([^"]*\)",$/\1/p' "$1/$version_file"
}

# The newest version in CHANGELOG.md: `## 1.0.0 (2026-11-28)`, or `(unreleased)`. What comes after it stands
# below `## Unreleased`, until Scripts/release gives it a number.
changelog_version() {  # changelog_version ROOT
  sed -n 's/^## \([0-9][^ ]*\) (.*)$/\1/p' "$1/CHANGELOG.md" | head -n 1
}

# Fails unless the two agree; prints the version.
agreed_version() {  # agreed_version ROOT
  local version newest
  version=$(source_version "$1")
  newest=$(changelog_version "$1")
  case $version in
    [0-9]*.[0-9]*.[0-9]*) ;;
    *) fail 70 "$version_file does not say a version" "version: \"dfuse 1.0.0\"" ;;
  esac
  if [ "$version" != "$newest" ]; then
    fail 65 "the program says it is $version, and CHANGELOG.md's newest is ${newest:-none}" \
      "write '## Unreleased' above what is to come: Scripts/release sets both"
  fi
  echo "$version"
}
