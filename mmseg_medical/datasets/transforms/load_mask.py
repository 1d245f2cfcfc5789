"""From whatever tells where a mask is to its pixels."""

from typing import Any

from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters.polygon import PAINTERS
from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms._mask_images import Asked
from mmseg_medical.datasets.transforms._masks import SOURCES, load_mask
from mmseg_medical.datasets.transforms._sample import true_size
from mmseg_medical.errors import InputError


@TRANSFORMS.register_module()
class LoadMaskRegion(BaseTransform):
    """Read the mask, or the region that was chosen.

    The mask is painted at the size of the image file from what its sample
    has; after ``Resize`` it has the original size, as a metric needs it.

    =================== ======================================================
    key of the sample   what it is
    =================== ======================================================
    ``rle``             run lengths of ``rle_dialect``; or a list of one item
                        per class, a text or a list of texts to unite
    ``annotations``     objects of an annotation file, as
                        :class:`mmseg_medical.converters.record.Annotation`
    ``annotation_path`` annotation file of the image, in the format
                        ``annotation_format``
    ``object_paths``    list of one image of masks per object
    ``seg_map_path``    image of class indices (gray, palette or 1 bit), or of
                        the colours ``colours``; or a list of one file per
                        class, None where there is none
    ``pseudo_path``     mask of :class:`mmseg_medical.converters.pseudo_labels.
                        PseudoLabels`: class indices or planes, 255 where it
                        is not sure; ``values`` and the like are of the
                        owner's masks, and not used for it
    =================== ======================================================

    Where the sample says ``overlapping``, masks are (H, W, C) planes of 0 and
    1, one per class. Else they are labels, and what comes later lies above;
    lists are of the classes without the background.
    ``labels`` of the data set, which may be ``{'tumor': 'lesion', 'artefact':
    None, '*': 255}``, name the classes of the labels in annotation files:
    None leaves the object out, 255 its pixels, and ``'*'`` is any other label.
    ``label_map`` and ``reduce_zero_label`` hold for images of class indices.

    Args:
        repair: Mend run lengths that are not well-formed, with a warning.
        required: False passes samples that have no mask, as the test images
            of a competition.
        values: Labels of the values that an image of masks holds, as
            ``{255: 1}``; values that are not named are labels themselves.
        value_thr: Least value of the foreground in images of masks that are
            gray, as JPEG makes them; the foreground is 1.
        painter: Which pixels an outline holds, of
            :mod:`mmseg_medical.converters.polygon`; by default as its format
            means them.

    Required keys: img_path; one of the keys above; region, frame and plane
    (optional, as for the image); seg_frame (optional), where the mask is
    another frame of its file.
    Added keys: gt_seg_map (H, W) uint8 or as stored, or (H, W, C) uint8;
    seg_fields.

    Raises:
        FileNotFoundError: If a file is missing.
        RLEError, AnnotationError, PolygonError, ImageError: If the mask
            cannot be read.
        InputError: If its size differs from the image's, a label or a colour
            is of no class, or an image of masks holds 255 as its only
            foreground and ``values`` does not say what that means.
    """

    def __init__(
        self,
        *,
        repair: bool = False,
        required: bool = True,
        values: dict[int, int] | None = None,
        value_thr: int | None = None,
        painter: str | None = None,
    ) -> None:
        if painter not in (None, *PAINTERS):
            raise InputError(f'painter is one of {PAINTERS}, got {painter!r}')
        self.repair = repair
        self.required = required
        self.values = values
        self.value_thr = value_thr
        self.painter = painter

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        source = next((key for key in SOURCES if key in results), None)
        if source is None and not self.required:
            return results
        if source is None:
            raise InputError(
                f'{results["img_path"]} has no mask: a sample needs one of '
                f'{sorted(SOURCES)}, or LoadMaskRegion(required=False)'
            )
        size = true_size(results)
        region = Region(*results.get('region', (0, 0, *size)))
        asked = Asked(
            *(size, region, self.repair, self.values),
            *(self.value_thr, self.painter),
        )
        results['gt_seg_map'] = load_mask(source, results, asked)
        results.setdefault('seg_fields', []).append('gt_seg_map')
        return results
