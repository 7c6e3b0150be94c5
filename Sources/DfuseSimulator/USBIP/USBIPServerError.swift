/// Why a server cannot listen.
package enum USBIPServerError: Error, Hashable, Sendable {
  /// The text is no IPv4 address.
  case badAddress(String)
  /// The operating system refused `call` with this `errno`.
  case system(call: String, errno: Int32)
}
