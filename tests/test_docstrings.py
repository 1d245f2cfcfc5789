"""Every public name says what it is; overrides may inherit it."""

import importlib
import inspect
import pkgutil

import mmseg_medical


def public_names():
    for info in pkgutil.walk_packages(
        mmseg_medical.__path__, 'mmseg_medical.'
    ):
        module = importlib.import_module(info.name)
        yield info.name, module
        for name, thing in vars(module).items():
            if name.startswith('_'):
                continue
            if getattr(thing, '__module__', None) != info.name:
                continue
            if inspect.isclass(thing) or inspect.isfunction(thing):
                yield f'{info.name}.{name}', thing
            if inspect.isclass(thing):
                for part, member in vars(thing).items():
                    if not part.startswith('_') and (
                        inspect.isfunction(member)
                        or isinstance(member, (property, classmethod))
                    ):
                        yield (
                            f'{info.name}.{name}.{part}',
                            getattr(thing, part),
                        )


def test_every_public_name_has_a_docstring():
    names = dict(public_names())
    assert len(names) > 150
    bare = [name for name, thing in names.items() if not inspect.getdoc(thing)]
    assert not bare
