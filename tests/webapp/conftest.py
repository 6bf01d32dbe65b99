"""Fixtures that the tests of this folder share."""

from tests.webapp.api_house import house as house
from tests.webapp.api_house import sqlite_house as sqlite_house
from tests.webapp.office import _settled_province as _settled_province
from tests.webapp.office import office as office
