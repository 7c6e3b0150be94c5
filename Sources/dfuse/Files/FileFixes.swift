import SystemPackage

// What to do about a file that cannot be read or written.

extension Errno {
  /// What helps where a file was to be read; nil where nobody knows.
  func fixReading(_ name: String) -> String? {
    switch self {
    case .noSuchFileOrDirectory:
      guard FileFacts.of(Self.folder(of: name)) != nil else {
        return
          "there is no folder \(Self.folder(of: name).visible) either: see that the path is right"
      }
      return "see what is there: ls -l \(Self.folder(of: name).shellWord)"
    case .isDirectory: return "name a file in it: ls -l \(name.shellWord)"
    case .notDirectory: return "see that the path is right: a part of it is a file"
    case .permissionDenied: return "see who may read it: ls -l \(name.shellWord)"
    default: return nil
    }
  }

  /// What helps where a file was to be made or written; nil where nobody knows.
  func fixWriting(_ name: String) -> String? {
    let folder = Self.folder(of: name)
    switch self {
    case .noSuchFileOrDirectory: return "make its folder first: mkdir -p \(folder.shellWord)"
    case .isDirectory: return "name a file in it"
    case .notDirectory: return "see that the path is right: a part of it is a file"
    case .permissionDenied: return "write it elsewhere, or see who may: ls -ld \(folder.shellWord)"
    case .readOnlyFileSystem: return "write it elsewhere: nothing can be written there"
    case .noSpace: return "make room first: df -h \(folder.shellWord)"
    default: return nil
    }
  }

  private static func folder(of name: String) -> String {
    let folder = name.systemPath.removingLastComponent()
    return folder.isEmpty ? "." : folder.string
  }
}
