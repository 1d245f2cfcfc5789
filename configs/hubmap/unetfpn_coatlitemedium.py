_base_ = [
    '../_base_/models/unetfpn_coat_lite_medium.py',
    '../_base_/datasets/hubmap.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
