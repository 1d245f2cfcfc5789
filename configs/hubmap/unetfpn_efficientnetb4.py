_base_ = [
    '../_base_/models/unetfpn_efficientnet_b4.py',
    '../_base_/datasets/hubmap.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
