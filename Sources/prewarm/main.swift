import PrewarmCommands

await Prewarm.start()
