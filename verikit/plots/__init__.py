"""All figures. The only room that draws, with Matplotlib's objects and never with pyplot."""
