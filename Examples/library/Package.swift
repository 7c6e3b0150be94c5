// swift-tools-version: 6.2
import PackageDescription

// Two programs that use the libraries, as a package of its own: it sees what is public and no more.
let package = Package(
  name: "with-dfuse",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "dfuse", path: "../..")
  ],
  targets: [
    .target(
      name: "Packing",
      dependencies: [.product(name: "DfuseFormat", package: "dfuse")]),
    .executableTarget(name: "pack-release", dependencies: ["Packing"]),
    .target(
      name: "Flashing",
      dependencies: [
        .product(name: "DfuseFormat", package: "dfuse"),
        .product(name: "DfuseDevice", package: "dfuse"),
      ]),
    .executableTarget(
      name: "flash-board",
      dependencies: ["Flashing", .product(name: "DfuseSimulator", package: "dfuse")]),
    .testTarget(
      name: "LibraryTests",
      dependencies: [
        "Packing", "Flashing", .product(name: "DfuseSimulator", package: "dfuse"),
      ]),
  ]
)
