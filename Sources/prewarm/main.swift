print("prewarm")
