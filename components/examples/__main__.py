"""Start the example server."""

from components.examples.serve import main

main()
