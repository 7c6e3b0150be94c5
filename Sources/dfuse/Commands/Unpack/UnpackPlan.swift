import DfuseFormat

/// Which file each element of a container goes to, and the command that packs them again.
struct UnpackPlan: Equatable {
  struct File: Equatable {
    var path: String
    var bytes: [UInt8]
  }

  var files: [File] = []
  /// `dfuse pack` and its arguments, to be given to a shell.
  var packCommand = "dfuse pack"

  /// Plans for files in `folder` whose names begin with `stem`.
  ///
  /// Names end in `.bin`, so that `dfuse pack` takes their bytes as they are.
  init(_ container: DfuseContainer, folder: String, stem: String) {
    let prefix =
      folder.isEmpty || folder == "." ? "" : folder.hasSuffix("/") ? folder : folder + "/"
    var words = [
      "-f", container.deviceVersion.hex, "-p", container.productID.hex,
      "-v", container.vendorID.hex, "-o", prefix + stem + "-rebuilt.dfu",
    ]
    var taken: [String: Int] = [:]
    for target in container.targets {
      if let name = target.name { words += ["-n", name] }
      for element in target.elements {
        let digits = element.address.hex.dropFirst(2)
        let base = "\(stem)-alt\(target.alternateSetting)-\(digits)"
        let count = taken[base, default: 0] + 1
        taken[base] = count
        let path = prefix + base + (count > 1 ? "-\(count)" : "") + ".bin"
        files.append(File(path: path, bytes: element.bytes))
        words += ["-m", element.address.hex, "-i", path]
      }
      words += ["-a", "\(target.alternateSetting)"]
    }
    // Whatever the bytes look like, they are taken as they are.
    let isPlain = files.allSatisfy { file in
      let content = try? FileContent.recognise(file.bytes, name: file.path, isPlaced: true)
      return content == .image(.raw)
    }
    if !isPlain { words = ["--format", "raw"] + words }
    // A path that begins with a dash is no trouble: each follows an option that takes it.
    for word in words { packCommand += " " + word.shellWord }
  }
}
