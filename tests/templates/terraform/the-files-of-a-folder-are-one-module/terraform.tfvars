name = "bulletins"
