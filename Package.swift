// swift-tools-version: 6.2
import PackageDescription

/// One strict set of rules for every target of ours.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "dfuse",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "DfuseFormat", targets: ["DfuseFormat"]),
    .library(name: "DfuseDevice", targets: ["DfuseDevice"]),
    .library(name: "DfuseSimulator", targets: ["DfuseSimulator"]),
    .executable(name: "dfuse", targets: ["dfuse"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
  ],
  targets: [
    // In layer order: a target may import only what stands above it.
    .systemLibrary(
      name: "CLibUSB",
      pkgConfig: "libusb-1.0",
      providers: [.apt(["libusb-1.0-0-dev"]), .brew(["libusb"])]
    ),
    .target(name: "DfuseFormat", swiftSettings: settings),
    .target(
      name: "DfuseDevice", dependencies: ["DfuseFormat", "CLibUSB"], swiftSettings: settings),
    .target(
      name: "DfuseSimulator", dependencies: ["DfuseDevice", "DfuseFormat"],
      swiftSettings: settings),
    .executableTarget(
      name: "dfuse",
      dependencies: [
        "DfuseFormat", "DfuseDevice", "DfuseSimulator",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings
    ),
    // Scripts/bench flash; never installed.
    .executableTarget(
      name: "FlashBench", dependencies: ["DfuseSimulator", "DfuseDevice", "DfuseFormat"],
      path: "Benchmarks/FlashBench", swiftSettings: settings),
    // Scripts/walk; never installed.
    .executableTarget(
      name: "FlashWalk", dependencies: ["DfuseDevice", "DfuseFormat"], path: "Tests/FlashWalk",
      swiftSettings: settings),
    // Scripts/walk; never installed.
    .executableTarget(
      name: "RestoreWalk",
      dependencies: ["DfuseSimulator", "DfuseDevice", "DfuseFormat", "DfuseTestSupport"],
      path: "Tests/RestoreWalk", swiftSettings: settings),
    // What the tests share; no product depends on it.
    .target(
      name: "DfuseTestSupport", path: "Tests/DfuseTestSupport", swiftSettings: settings),
    .testTarget(
      name: "DfuseFormatTests", dependencies: ["DfuseFormat", "DfuseTestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "DfuseDeviceTests",
      dependencies: ["DfuseDevice", "DfuseFormat", "CLibUSB", "DfuseTestSupport", "FlashWalk"],
      swiftSettings: settings),
    .testTarget(
      name: "DfuseSimulatorTests",
      dependencies: [
        "DfuseSimulator", "DfuseDevice", "DfuseFormat", "DfuseTestSupport", "RestoreWalk",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "DfuseCommandTests",
      dependencies: [
        "dfuse", "DfuseSimulator", "DfuseDevice", "DfuseFormat", "DfuseTestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings
    ),
  ]
)
