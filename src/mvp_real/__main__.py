"""`python -m mvp_real` is the `mvp_real` command."""

import sys

from mvp_real.cli.main import main

sys.exit(main())
