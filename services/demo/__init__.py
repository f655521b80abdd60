"""The demo: a simulated month through the real line, in accelerated time, and the books at the end."""
