"""Probability maps of several tests as those of one, in a new folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mmseg_medical._files import locked
from mmseg_medical.apis.members import Members
from mmseg_medical.converters.confidence import Thresholds, per_class
from mmseg_medical.converters.lineage import distinct, merge
from mmseg_medical.converters.probability_maps import PathLike, ProbabilityMaps
from mmseg_medical.converters.tiff_bands import bands_of
from mmseg_medical.errors import InputError
from mmseg_medical.progress import Progress


def ensemble(
    folders: Sequence[PathLike],
    out: PathLike,
    *,
    weights: Sequence[float] | None = None,
    method: str = 'mean',
    mask_thr: Thresholds | None = None,
    bits: int | None = None,
) -> ProbabilityMaps:
    """Merge probability maps of the same images by several models.

    A band of tiles of each map is in memory at a time. Maps that are there
    already, as a run was stopped, are not made again. Maps of folds stay maps
    of folds: each knows the models that made it.

    Args:
        folders: As of :meth:`Members.open`.
        out: Folder to write, as ``tools/test.py --out`` does.
        weights: Weight of each, 0 or more; None weighs all alike.
        method: One of :data:`mmseg_medical.postprocessing.merging.METHODS`.
        mask_thr: Threshold of the masks, one or one for each class; None is
            that of the members.
        bits: 8 or 16 for each probability; None is what the members have.

    Returns:
        The maps.

    Raises:
        InputError: If members do not belong together, see :class:`Members`;
            a map is of another size or another test; members are of different
            folds or thresholds; or ``out`` holds other maps.
    """
    members = Members.open(folders, weights, method=method)
    maps = new_maps(
        members,
        out,
        mask_thr=_threshold(members, mask_thr),
        method=method,
        bits=bits,
    )
    for img_id in todo(maps, members):
        shape = members.shape(img_id)
        maps.write_bands(
            img_id,
            (members.probs(img_id, band) for band in bands_of(shape)),
            shape,
            scores=members.scores(img_id),
            meta=members.meta(img_id),
        )
    return maps


def _threshold(members: Members, mask_thr: Thresholds | None) -> Any:
    if members.task == 'multiclass':
        if mask_thr is not None:
            raise InputError(
                'classes of these maps exclude each other: the most likely '
                'one counts; leave the threshold (--mask-thr) out'
            )
        return members.maps[0].postprocess['mask_thr']
    if mask_thr is None:
        return members.mask_thr()
    found = per_class(mask_thr, members.channels, what='mask_thr').tolist()
    return found if len(set(found)) > 1 else found[0]


def new_maps(
    members: Members,
    out: PathLike,
    *,
    mask_thr: Any,
    method: str,
    bits: int | None = None,
    **more: Any,
) -> ProbabilityMaps:
    """Maps that are to be made of others.

    Args:
        members: What they are made of.
        out: Folder to write.
        mask_thr: Threshold of the masks.
        method: How they are merged.
        bits: 8 or 16; None is what the members have.
        more: Whatever else there is to know of how they are made.

    Raises:
        InputError: If ``out`` is the folder of a member, or around it.
    """
    place = Path(out).resolve()
    for folder in members.folders:
        if place in (path := folder.resolve(), *path.parents):
            raise InputError(
                f'{out} is, or holds, {folder} that is to be merged; choose '
                'another folder to write to'
            )
    first = members.maps[0]
    made_of = [
        dict(name=one.folder.resolve().name, weight=weight, test=one.digest)
        for one, weight in zip(members.maps, members.weights, strict=True)
    ]
    how = dict(ensemble=dict(method=method, members=made_of, **more))
    origin: dict[str, Any] = dict(how)
    parts = members.parts
    for part in dict.fromkeys(parts.values()):
        ids = [img_id for img_id in members.ids if parts[img_id] == part]
        origin[part] = how | _models(members, ids[:1])
    if not parts:
        origin |= _models(members, members.ids[:1])
    for key in ('dataset', 'ann_file', 'data_prefix'):
        found = distinct(one.origin.get(key) for one in members.maps)
        if len(found) == 1 and found[0] is not None:
            origin[key] = found[0]
    return ProbabilityMaps(
        out,
        ids=members.ids,
        task=members.task,
        classes=members.classes,
        postprocess=dict(first.postprocess, mask_thr=mask_thr),
        origin=origin,
        bits=bits or max(one.bits for one in members.maps),
        folders=parts,
        images=merge(one.images for one in members.maps),
    )


def todo(maps: ProbabilityMaps, members: Members) -> Iterator[str]:
    """Claim a folder, then yield each image that has no map in it yet.

    Raises:
        InputError: If the folder holds other maps, another process writes
            them, or members are not what their folders say, see
            :meth:`Members.check`.
    """
    if maps.missing():
        with Progress(len(members.ids)) as progress:
            members.check(progress)
    with locked(maps.folder):
        maps.start()
        left = maps.missing()
        with Progress(len(left)) as progress:
            yield from progress.over(left)


def _models(members: Members, ids: Sequence[str]) -> dict[str, Any]:
    """Checkpoints behind the maps of images of one fold."""
    told = {
        model['checkpoint']: {
            k: v for k, v in model.items() if k != 'checkpoint'
        }
        for img_id in ids
        for model in members.models(img_id).values()
    }
    return dict(checkpoints=[*told], lineage=told)
