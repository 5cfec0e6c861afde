from .tap import eventually, equal, holds, promise, run, skip  # noqa: F401
from .bed import Deployment, Host, Twin, exchange, folder  # noqa: F401
from .booksales import BooksSales  # noqa: F401
from .shopbooks import CALIFORNIA, NEW_YORK, PARAMS, ShopBooks, person  # noqa: F401
