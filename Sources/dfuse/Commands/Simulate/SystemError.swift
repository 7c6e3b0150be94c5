import SystemPackage

/// An error number of the operating system, with its text.
struct SystemError: CustomStringConvertible {
  let description: String

  init(_ number: Int32) {
    description = Errno(rawValue: number).description
  }
}
