import Synchronization

/// Counts calls from any thread.
final class Counter: Sendable {
  private let value = Mutex(0)

  /// The number of this call, from 1.
  func next() -> Int {
    value.withLock { value in
      value += 1
      return value
    }
  }
}
