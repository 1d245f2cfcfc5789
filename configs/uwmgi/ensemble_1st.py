# tools/test.py CONFIG none --tta, once its members are trained.
_base_ = [
    '../_base_/ensembles/uw_madison_1st.py',
    '../_base_/datasets/uw_madison_640.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
tta_model = dict(views='hflip')
