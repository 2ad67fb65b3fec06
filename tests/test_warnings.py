"""Our own modules cause no warnings; those of other packages do not count."""

import subprocess
import sys

from figures import ROOT, code_files

IMPORT_ALL = """
import importlib, pkgutil, warnings
warnings.filterwarnings("error", module=r"glyffuser(\\.|$)")
import glyffuser
modules = [module.name for module in pkgutil.walk_packages(glyffuser.__path__, "glyffuser.")]
for name in modules:
    importlib.import_module(name)
print(len(modules))
"""


def test_importing_every_module_causes_no_warning():
    result = subprocess.run([sys.executable, "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 50


def test_no_module_compiles_with_a_warning():
    paths = [str(ROOT / path) for path in code_files("glyffuser") if path.suffix == ".py"]
    code = "import sys, tokenize\nfor path in sys.argv[1:]:\n    with tokenize.open(path) as file:\n"
    code += "        compile(file.read(), path, 'exec')\n"
    result = subprocess.run([sys.executable, "-W", "error", "-c", code, *paths], capture_output=True, text=True)
    assert result.returncode == 0 and result.stderr == "", result.stderr
