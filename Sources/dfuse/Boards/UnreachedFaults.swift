import DfuseSimulator

extension FaultPlan {
  /// A line for each of the faults that a person typed whose request came on none of the boards.
  static func unreached(_ texts: [String], on boards: [SimulatedBoard]) -> [String] {
    texts.compactMap { text in
      // Conditions such as rdp=1 have no request.
      guard let fault = (try? FaultPlan(parsing: [text]))?.faults.first else { return nil }
      let count = boards.map { $0.counters.count(fault.kind) }.max() ?? 0
      guard count < fault.occurrence else { return nil }
      return "--fault \(text.visible) was not reached: there "
        + (count == 1 ? "was 1 such request" : "were \(count) such requests")
    }
  }
}
